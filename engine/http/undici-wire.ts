import { Answer } from "./answer.ts";
import type { Connections } from "./connections.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Timeouts } from "./timeouts.ts";
import type { Traffic, WireRequest, WireResponse } from "./wire.ts";

export interface UndiciWireOptions {
  readonly connections: Connections;
  readonly timeouts: Timeouts;
  /** Counted up by what is sent and received. */
  readonly traffic: Traffic;
}

/** Sends one request over a kept connection, on behalf of `endpoint`. */
export async function sendByUndici(
  endpoint: Endpoint,
  request: WireRequest,
  { connections, timeouts, traffic }: UndiciWireOptions,
): Promise<WireResponse> {
  const dispatcher = await connections.dispatcher(endpoint, request.url);
  request.signal.throwIfAborted();
  const { url, method, headers, body, headersMs } = request;
  const answer = new Answer(request, traffic);
  traffic.requests += 1;
  dispatcher.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      // undici takes any iterable of bytes, only its types do not say so.
      body: (body?.open((bytes) => (traffic.bytesSent += bytes)) ?? null) as Uint8Array | null,
      headersTimeout: headersMs,
      bodyTimeout: timeouts.idleMs,
      // Without this undici closes the connection after each HEAD.
      reset: false,
    },
    answer,
  );
  return answer.response;
}
