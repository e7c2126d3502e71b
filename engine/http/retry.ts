import { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { Backoff, type RetryOptions } from "./backoff.ts";
import { overloadStatuses } from "./limit.ts";
import { explainNetworkError } from "./network-error.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { sleep } from "./sleep.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/**
 * Answers that say "not now". 499 and 52x come from proxies in front of registries (nginx, Cloudflare) that lost the
 * registry behind them.
 */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522, 523, 524]);

/**
 * Methods whose second sending does no harm. POST is among them because in this protocol it only opens an upload
 * session, which expires. PATCH appends to one: sent twice, it appends twice. DELETE sent once more, seconds later,
 * takes away what somebody else has put there meanwhile: who deletes looks again before.
 */
const repeatableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST"]);

/** How often an address that has expired is replaced: a new one that is refused as well has another reason. */
const maxStaleAttempts = 2;

export interface RetryContext {
  readonly request: Pick<WireRequest, "operation" | "registry" | "method" | "body" | "once" | "signal">;
  readonly options: RetryOptions;
  readonly onEvent: OnEvent;
  /** Tells everybody else to leave the host of the answer alone. */
  readonly pause: (response: WireResponse, durationMs: number) => void;
  /** Tells everybody else that the host of the answer wants to be left alone for longer than the budget. */
  readonly refuse: (response: WireResponse, durationMs: number) => void;
  /** True for an answer that another attempt, from the registry on, may change although its status is final. */
  readonly isStale: (response: WireResponse) => boolean;
}

/**
 * The only retry loop for HTTP. Tries until an answer is final, the attempts are used up (then the last answer is
 * returned, to be judged by its status), or the server asks for more patience than the budget has left. A request that
 * must not be sent again is not, but the pause is made: its caller comes back with a new one at once.
 * @throws `unavailable`, `timeout`, `tls`, `protocol` when there is no answer to return; what `attempt` throws as an
 * ImagesyncError, and the signal's reason, at once.
 */
export async function withRetries(
  context: RetryContext,
  attempt: () => Promise<WireResponse>,
): Promise<{ readonly response: WireResponse; readonly attempts: number }> {
  const { request, options } = context;
  const backoff = new Backoff(options);
  for (let attempts = 1; ; attempts += 1) {
    const more = attempts < options.attempts;
    let delayMs: number | undefined;
    let reason: string;
    try {
      const response = await attempt();
      const transient = transientStatuses.has(response.status);
      if (!transient && !(attempts <= maxStaleAttempts && context.isStale(response))) return { response, attempts };
      const askedMs = transient ? parseRetryAfter(response.headers.get("retry-after"), Date.now()) : undefined;
      delayMs = more ? backoff.next(askedMs) : undefined;
      reason = `status ${response.status}`;
      if (overloadStatuses.has(response.status)) tellOthers(context, response, delayMs, askedMs);
      if (delayMs === undefined || !mayRepeat(request)) {
        // The answer is read already, so it can wait for the pause as well.
        if (delayMs !== undefined) await sleep(delayMs, request.signal);
        return { response, attempts };
      }
      response.body.destroy();
    } catch (thrown) {
      request.signal.throwIfAborted();
      const { error, transient } = explainNetworkError(thrown, request);
      delayMs = transient && more ? backoff.next(undefined) : undefined;
      if (delayMs === undefined || !mayRepeat(request)) {
        if (delayMs !== undefined) await sleep(delayMs, request.signal);
        throw thrown instanceof ImagesyncError ? error : error.with({ attempts });
      }
      reason = error.message;
    }
    request.body?.abandon();
    context.onEvent({ kind: "retry", operation: request.operation, attempt: attempts, delayMs, reason });
    await sleep(delayMs, request.signal);
  }
}

function tellOthers(
  context: RetryContext,
  response: WireResponse,
  delayMs: number | undefined,
  askedMs: number | undefined,
): void {
  const { options, request } = context;
  if (delayMs === undefined && askedMs !== undefined && askedMs > options.budgetMs) {
    context.refuse(response, askedMs);
    context.onEvent({ kind: "throttled", registry: request.registry, delayMs: askedMs });
    return;
  }
  const pauseMs = delayMs ?? Math.min(askedMs ?? 0, options.maxDelayMs);
  // The last try has failed, and nothing was asked for: nobody waits.
  if (delayMs === undefined && pauseMs === 0) return;
  context.pause(response, pauseMs);
  context.onEvent({ kind: "throttled", registry: request.registry, delayMs: pauseMs });
}

function mayRepeat(request: RetryContext["request"]): boolean {
  if (request.once === true || request.body?.taken === true) return false;
  return repeatableMethods.has(request.method);
}
