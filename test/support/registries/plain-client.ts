import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";

/** One request in plain words. */
export interface PlainRequest {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** PEM of the authority to trust. */
  readonly ca?: string;
}

/** Its answer. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Body as text. */
  readonly text: string;
  /** Code of the first error in the body; empty when there is none. */
  readonly code: string;
}

/**
 * Sends one request on a connection of its own. The path goes out as it is given, dot-dots and all, which `fetch` and URL
 * would tidy away; nothing is followed, decoded or retried. A path that is an address of its own (an absolute Location) is
 * split for the purpose.
 */
export async function send(base: string, path: string, request: PlainRequest = {}): Promise<PlainAnswer> {
  const { hostname, port, protocol } = new URL(base);
  const { method = "GET", headers, body, ca } = request;
  const target = path.replace(/^https?:\/\/[^/]+/, "");
  const length =
    method === "GET" || method === "HEAD" ? {} : { "Content-Length": String(Buffer.byteLength(body ?? "")) };
  const options = { hostname, port, path: target, method, headers: { ...length, ...headers }, agent: false, ca };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = (protocol === "https:" ? httpsRequest : httpRequest)(options, resolve);
    outgoing.once("error", reject);
    outgoing.end(body);
  });
  const bytes = await buffer(incoming);
  const text = bytes.toString();
  const code = /"code": ?"([A-Z_]+)"/.exec(text)?.[1] ?? "";
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: bytes, text, code };
}
