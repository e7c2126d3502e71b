import { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { explainNetworkError } from "./network-error.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { sleep } from "./sleep.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

export interface RetryOptions {
  /** How often a request is sent at most. @default 5 */
  readonly attempts: number;
  /** The shortest pause before another attempt, in milliseconds. @default 250 */
  readonly baseDelayMs: number;
  /** The longest pause that we choose ourselves, in milliseconds. @default 30000 */
  readonly maxDelayMs: number;
  /** How long one request may wait altogether, what the server asks for included, in milliseconds. @default 120000 */
  readonly budgetMs: number;
}

export const defaultRetry: RetryOptions = { attempts: 5, baseDelayMs: 250, maxDelayMs: 30_000, budgetMs: 120_000 };

/**
 * Answers that say "not now". 499 and 52x come from proxies in front of registries (nginx, Cloudflare) that lost the
 * registry behind them.
 */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522, 523, 524]);

/** Those of them after which everybody should leave the host alone for a while. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 503]);

/**
 * Methods whose second sending does no harm. POST is among them because in this protocol it only opens an upload
 * session, which expires. PATCH appends to one: sent twice, it appends twice. DELETE sent once more, seconds later,
 * takes away what somebody else has put there meanwhile: who deletes looks again before.
 */
const repeatableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST"]);

export interface RetryContext {
  readonly request: Pick<WireRequest, "operation" | "registry" | "method" | "body" | "signal">;
  readonly options: RetryOptions;
  readonly onEvent: OnEvent;
  /** Tells everybody else to leave the host of the answer alone. */
  readonly pause: (response: WireResponse, durationMs: number) => void;
}

/**
 * The only retry loop for HTTP. Tries until an answer is final, the attempts are used up (then the last answer is
 * returned, to be judged by its status), or the server asks for more patience than the budget has left.
 * @throws `unavailable`, `timeout`, `tls`, `protocol` when there is no answer to return; what `attempt` throws as an
 * ImagesyncError, and the signal's reason, at once.
 */
export async function withRetries(
  context: RetryContext,
  attempt: () => Promise<WireResponse>,
): Promise<{ readonly response: WireResponse; readonly attempts: number }> {
  const { request, options } = context;
  const schedule = new Schedule(options);
  for (let attempts = 1; ; attempts += 1) {
    let delayMs: number | undefined;
    let reason: string;
    try {
      const response = await attempt();
      if (!transientStatuses.has(response.status)) return { response, attempts };
      const askedMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
      delayMs = attempts < options.attempts && mayRepeat(request) ? schedule.next(askedMs) : undefined;
      reason = `status ${response.status}`;
      if (overloadStatuses.has(response.status)) {
        const pauseMs = delayMs ?? Math.min(askedMs ?? 0, options.maxDelayMs);
        context.pause(response, pauseMs);
        context.onEvent({ kind: "throttled", registry: request.registry, delayMs: pauseMs });
      }
      if (delayMs === undefined) return { response, attempts };
      response.body.destroy();
    } catch (thrown) {
      request.signal.throwIfAborted();
      const { error, transient } = explainNetworkError(thrown, request);
      delayMs = transient && attempts < options.attempts && mayRepeat(request) ? schedule.next(undefined) : undefined;
      if (delayMs === undefined) throw thrown instanceof ImagesyncError ? error : error.with({ attempts });
      reason = error.message;
    }
    request.body?.abandon();
    context.onEvent({ kind: "retry", operation: request.operation, attempt: attempts, delayMs, reason });
    await sleep(delayMs, request.signal);
  }
}

function mayRepeat(request: RetryContext["request"]): boolean {
  if (request.body?.taken === true) return false;
  return repeatableMethods.has(request.method);
}

/**
 * Pauses by decorrelated jitter: each is drawn between the base and three times the last one, so that many clients
 * that failed together do not come back together.
 */
class Schedule {
  readonly #options: RetryOptions;
  #lastMs: number;
  #spentMs = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#lastMs = options.baseDelayMs;
  }

  /** The next pause; what the server asks for is obeyed. Undefined when the budget does not allow it. */
  next(askedMs: number | undefined): number | undefined {
    const { baseDelayMs, maxDelayMs, budgetMs } = this.#options;
    const drawn = baseDelayMs + Math.random() * Math.max(0, this.#lastMs * 3 - baseDelayMs);
    this.#lastMs = Math.min(maxDelayMs, drawn);
    const delayMs = Math.round(askedMs ?? this.#lastMs);
    if (this.#spentMs + delayMs > budgetMs) return undefined;
    this.#spentMs += delayMs;
    return delayMs;
  }
}
