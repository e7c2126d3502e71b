import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** A request to a service that gives out logins: a cloud's directory, its metadata service, its API. */
export interface CloudMessage {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

export interface CloudAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/**
 * Sends one such request and reads the whole answer, whatever its status.
 * @throws when there is no answer; the signal's reason.
 */
export type CloudRequest = (message: CloudMessage, signal: AbortSignal) => Promise<CloudAnswer>;

/** Tokens have a few kilobytes; a page that a proxy sends instead may have any size. */
const maxAnswerBytes = 1024 * 1024;

/**
 * Sends without a proxy, follows no redirect and tries once: what a metadata service needs, which is on the machine
 * itself or on its link.
 */
export const requestDirectly: CloudRequest = (message, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { method, url, headers, body } = message;
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    // No connection is kept: the next token is wanted in an hour, and an open one would hold the process up.
    const options = { method, signal, agent: false as const, headers: withLength(headers, body) };
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > maxAnswerBytes) response.destroy(new Error(`the answer is larger than ${maxAnswerBytes} bytes`));
      });
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.once("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    request.end(body);
  });

function withLength(
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): Readonly<Record<string, string>> {
  return body === undefined ? headers : { ...headers, "content-length": String(body.byteLength) };
}
