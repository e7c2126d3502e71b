import type { Readable } from "node:stream";

/** An answer as a value: handlers return it, the server sends it, so that faults can be injected in one place. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | StreamedBody;
}

/** A body that is opened only when it is sent: a HEAD never touches the storage's bytes. */
interface StreamedBody {
  /** In bytes. */
  readonly size: number;
  open(): Readable;
}

/** How many bytes the body of a reply has. */
export function bodySize(body: Reply["body"]): number {
  if (body === undefined) return 0;
  return Buffer.isBuffer(body) ? body.length : body.size;
}

/** A JSON answer. */
export function jsonReply(value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { "Content-Type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}
