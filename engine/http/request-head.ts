import { WireError } from "./wire-error.ts";

/** What is said before the body of a request. */
export interface RequestHead {
  readonly method: string;
  /** What stands behind the method: a path, or a whole URL for a proxy. */
  readonly target: string;
  /** Where no header says otherwise. */
  readonly host: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the body; undefined when there is none. What headers say of it does not count. */
  readonly bytes: number | undefined;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const unsendableValue = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const unsendableTarget = /[^\u0021-\u007e\u0080-\u00ff]/;

/** What is said here alone, so that where the request ends is never said twice. */
const decided: ReadonlySet<string> = new Set(["connection", "content-length", "host", "transfer-encoding"]);

/** Methods of which a server expects to be told that there is no body. */
const withContent: ReadonlySet<string> = new Set(["PATCH", "POST", "PUT"]);

/**
 * The text of it, each character a byte.
 * @throws WireError for a header or target that would not be read as one: tokens come from servers, and a line end in one
 * would begin a header of theirs.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3
 */
export function formatRequestHead({ method, target, host, headers, bytes }: RequestHead): string {
  if (unsendableTarget.test(target)) throw unsendable("the target of a request");
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${headers["host"] ?? host}\r\nconnection: keep-alive\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!token.test(name)) throw unsendable("the name of a header");
    if (unsendableValue.test(value)) throw unsendable(`the header ${name}`);
    if (!decided.has(name)) text += `${name}: ${value}\r\n`;
  }
  const length = bytes ?? (withContent.has(method) ? 0 : undefined);
  return length === undefined ? `${text}\r\n` : `${text}content-length: ${length}\r\n\r\n`;
}

function unsendable(what: string): WireError {
  return new WireError("IMAGESYNC_UNSENDABLE", `Characters that cannot be sent stand in ${what}`);
}
