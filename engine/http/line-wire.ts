import { Answer } from "./answer.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { Connections, Route } from "./connections.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Exchange } from "./line.ts";
import { explainMissingCertificate } from "./missing-certificate.ts";
import { proxyFailure } from "./proxy-answer.ts";
import { formatRequestHead } from "./request-head.ts";
import type { Timeouts } from "./timeouts.ts";
import type { Traffic, WireRequest, WireResponse } from "./wire.ts";

export interface LineWireOptions {
  readonly connections: Connections;
  readonly timeouts: Timeouts;
  /** Counted up by what is sent and received. */
  readonly traffic: Traffic;
  /** The limit for all bodies; absent where there is none. */
  readonly bandwidth?: Bandwidth | undefined;
}

/**
 * Sends one request over a kept connection, on behalf of `endpoint`, when its turn has come.
 * @throws what the connection fails with; `config` and `tls` for settings that cannot be used.
 */
export async function sendByLine(
  endpoint: Endpoint,
  request: WireRequest,
  options: LineWireOptions,
): Promise<WireResponse> {
  const route = await options.connections.route(endpoint, request.url);
  // A slot of the host is held meanwhile, as it should be: more at the same time would not make it faster.
  if (endpoint.owns(request.url)) await endpoint.cadence?.turn(request.signal);
  request.signal.throwIfAborted();
  let response = await dispatch(route, request, await contentOf(request, options), options);
  if (response.status === 400) response = await explainMissingCertificate(request, response);
  if (route.proxy !== undefined && response.status === 407) {
    response.body.destroy();
    throw proxyFailure(response.status, route.proxy);
  }
  return options.bandwidth === undefined ? response : await received(response, request, options.bandwidth);
}

/** The body as it is sent in this attempt. */
function contentOf(
  { body, signal }: WireRequest,
  { traffic, bandwidth }: LineWireOptions,
): Exchange["content"] | Promise<Exchange["content"]> {
  const content = body?.open((bytes) => (traffic.bytesSent += bytes));
  if (content === undefined || bandwidth === undefined) return content;
  if (!(content instanceof Uint8Array)) return bandwidth.outgoing(content, signal);
  return bandwidth.take(content.byteLength, signal).then(() => content);
}

function dispatch(
  route: Route,
  request: WireRequest,
  content: Exchange["content"],
  { timeouts, traffic }: LineWireOptions,
): Promise<WireResponse> {
  const { method, headers, headersMs } = request;
  const head = formatRequestHead({
    method,
    target: route.target,
    host: request.url.host,
    headers: route.headers === undefined ? headers : { ...headers, ...route.headers },
    bytes: request.body?.bytes,
  });
  const answer = new Answer(request, traffic);
  traffic.requests += 1;
  const exchange = { method, head, content, headersMs, idleMs: timeouts.idleMs, receiver: answer };
  route.lines.send(route.origin, exchange);
  return answer.response;
}

/** An answer that was read whole is only counted: it is small, and who comes next waits for it. */
async function received(response: WireResponse, request: WireRequest, bandwidth: Bandwidth): Promise<WireResponse> {
  if (response.streamed) return { ...response, body: bandwidth.incoming(response.body, request.signal) };
  const length = request.method === "HEAD" ? 0 : Number(response.headers.get("content-length") ?? 0);
  if (length > 0) await bandwidth.take(length, request.signal);
  return response;
}
