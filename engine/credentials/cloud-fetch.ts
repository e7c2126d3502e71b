import type { CloudMessage, CloudRequest } from "./cloud-request.ts";

/** Answers that can't have a body; `Response` refuses even an empty one. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Lets code that wants a `fetch` send by our own way, and until our own signal. */
export function fetchBy(request: CloudRequest, signal: AbortSignal): typeof fetch {
  return async (input, init = {}) => {
    const { agent: _, signal: __, ...own } = init as RequestInit & { agent?: unknown };
    const wanted = new Request(input instanceof Request ? input : String(input), own);
    const body = new Uint8Array(await wanted.arrayBuffer());
    const {
      status,
      headers,
      body: content,
    } = await request(
      {
        method: wanted.method as CloudMessage["method"],
        url: new URL(wanted.url),
        headers: Object.fromEntries(wanted.headers),
        body: body.byteLength === 0 ? undefined : body,
      },
      signal,
    );
    const answered = bodiless.has(status) ? null : Buffer.from(content);
    return new Response(answered, { status, headers: Object.fromEntries(headers) });
  };
}
