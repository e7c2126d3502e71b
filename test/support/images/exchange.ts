import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** A registry and how to talk to it. */
export interface Endpoint {
  /** `host:port`. */
  readonly host: string;
  /** HTTP without TLS. Default true: most test registries are. */
  readonly plainHttp?: boolean;
  /** The certificate authority to trust, PEM. */
  readonly ca?: string | Buffer;
  /** Sent with every request, for instance `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Exchange {
  readonly method: string;
  /** Path with query, or a whole URL as registries send it in Location. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Sent as it is made; needs a Content-Length header. */
  readonly body?: Iterable<Buffer>;
  /** Takes the body of a successful answer piece by piece instead of having it collected. */
  readonly onData?: (piece: Buffer) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Empty when `onData` took it. */
  readonly body: Buffer;
}

/** One request by `node:http` and nothing else: no redirects, no retries, no login. */
export async function exchange(endpoint: Endpoint, wanted: Exchange): Promise<Answer> {
  const scheme = endpoint.plainHttp === false ? "https" : "http";
  const url = new URL(wanted.target, `${scheme}://${endpoint.host}`);
  const client = url.protocol === "https:" ? https : http;
  const request = client.request(url, {
    method: wanted.method,
    headers: { ...endpoint.headers, ...wanted.headers },
    ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  const sent = pipeline(Readable.from(wanted.body ?? []), request);
  // A registry may answer before it has read everything, and then close: the answer says more than the broken pipe.
  sent.catch(() => undefined);
  const response = await answered;
  const status = response.statusCode ?? 0;
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (wanted.onData !== undefined && status < 300) wanted.onData(piece);
    else pieces.push(piece);
  }
  return { status, headers: response.headers, body: Buffer.concat(pieces) };
}

/** Fails with the registry's own words unless the status is one of those. */
export function expectStatus(answer: Answer, statuses: readonly number[], what: string): void {
  if (statuses.includes(answer.status)) return;
  const words = answer.body.subarray(0, 300).toString();
  throw new Error(`${what}: status ${answer.status} instead of ${statuses.join(" or ")}. ${words}`);
}
