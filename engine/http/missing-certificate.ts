import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { WireRequest, WireResponse } from "./wire.ts";

/**
 * Fails for the page with which nginx refuses who shows no client certificate, or one of another authority: it comes
 * after the TLS handshake, as an ordinary 400 whose reason stands in the text only. Other answers pass.
 * @see https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors
 */
export async function explainMissingCertificate(request: WireRequest, response: WireResponse): Promise<WireResponse> {
  if (response.status !== 400 || response.streamed || request.url.protocol !== "https:") return response;
  if (response.headers.get("content-type")?.startsWith("text/html") !== true) return response;
  const bytes = await buffer(response.body);
  const [, what] = /\b(No required|The) SSL certificate (?:was sent|error)\b/.exec(bytes.toString("latin1")) ?? [];
  if (what === undefined) return { ...response, body: Readable.from([bytes], { objectMode: false }) };
  const code = what === "The" ? "IMAGESYNC_CERTIFICATE_REFUSED" : "IMAGESYNC_CERTIFICATE_REQUIRED";
  throw Object.assign(new Error("Refused by the server in front of the registry"), { code });
}
