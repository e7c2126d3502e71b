import type { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { Backoff, type RetryOptions } from "./backoff.ts";
import { ResumedBody } from "./resumed-body.ts";
import { sleep } from "./sleep.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

export interface ResumeContext {
  readonly request: WireRequest;
  readonly options: RetryOptions;
  readonly onEvent: OnEvent;
  /** Sends a request as the first one was sent: with its login, retries and redirects. */
  readonly send: (request: WireRequest) => Promise<WireResponse>;
}

/**
 * The answer of a download with a body that survives interruptions. As many in a row as there are attempts for a
 * request end it; whatever brings a good part of the body starts the count anew, so that a large blob gets through a
 * line that breaks every minute.
 */
export function resumable(response: WireResponse, expectedBytes: number, context: ResumeContext): WireResponse {
  const { request, options, onEvent, send } = context;
  let backoff = new Backoff(options);
  let attempts = 0;
  const again = async (offset: number, reason: ImagesyncError, progressed: boolean): Promise<WireResponse> => {
    request.signal.throwIfAborted();
    if (progressed) {
      backoff = new Backoff(options);
      attempts = 0;
    }
    attempts += 1;
    const delayMs = attempts < options.attempts ? backoff.next(undefined) : undefined;
    if (delayMs === undefined) throw reason.with({ attempts });
    onEvent({ kind: "retry", operation: request.operation, attempt: attempts, delayMs, reason: reason.message });
    await sleep(delayMs, request.signal);
    return await send({ ...request, headers: { ...request.headers, range: `bytes=${offset}-` } });
  };
  const { operation, registry } = request;
  return { ...response, body: new ResumedBody(response, { operation, registry, expectedBytes, again }) };
}
