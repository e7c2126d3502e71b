import { WireError } from "./wire-error.ts";

/** Status line and headers of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; values of repeated headers joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** The answer is in HTTP/1.1; a server of 1.0 neither keeps connections nor knows chunks. */
  readonly modern: boolean;
}

/** As much as Node allows. Registries need less than one kilobyte, but a proxy may add cookies. */
const maxHeadBytes = 16 * 1024;

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// What may not stand in a line: no two programs read a head with half of a line end in it alike.
// oxlint-disable-next-line no-control-regex
const damaged = /[\0-\u0008\u000a-\u001f\u007f]/;
const headEnd = "\r\n\r\n";

/**
 * Takes the head of an answer out of what has arrived, as strictly as RFC 9112 has it written: a sender that leaves room
 * for two readings is refused, whoever is meant by it.
 * @returns the head and where it ends in the bytes; undefined when it has not arrived completely.
 * @throws WireError for what is not the head of an answer, or too long for one.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-4
 */
export function readAnswerHead(bytes: Buffer): { readonly head: AnswerHead; readonly end: number } | undefined {
  const text = bytes.toString("latin1", 0, maxHeadBytes + headEnd.length);
  const end = text.indexOf(headEnd);
  if (end >= 0) return { head: parseAnswerHead(text.slice(0, end)), end: end + headEnd.length };
  if (bytes.byteLength > maxHeadBytes) {
    throw new WireError("IMAGESYNC_HEADERS_TOO_LARGE", `The head of the answer is longer than ${maxHeadBytes} bytes`);
  }
  // What can't become a head any more is told at once: who speaks another protocol may wait for us to speak.
  if (!text.startsWith("HTTP/1.".slice(0, text.length))) throw notHttp("it does not begin with HTTP/1");
  for (const line of text.replace(/\r$/, "").split("\r\n")) checkLine(line);
  return undefined;
}

function parseAnswerHead(text: string): AnswerHead {
  const lines = text.split("\r\n");
  const first = lines[0] ?? "";
  checkLine(first);
  const [, minor, status] = statusLine.exec(first) ?? [];
  if (status === undefined) throw notHttp("it does not begin with a status line");
  const headers = new Map<string, string>();
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    checkLine(line);
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const key = keyOf(name);
    const value = trimmed(line.slice(colon + 1));
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers, modern: minor === "1" };
}

/** Names that were seen, and how they are written here: servers send the same few with each answer. */
const keys = new Map<string, string>();

/** A server could send others for ever. */
const maxKeys = 200;

function keyOf(name: string): string {
  const seen = keys.get(name);
  if (seen !== undefined) return seen;
  // A line that begins with a space would go on with the one before: obsolete, and read in two ways.
  if (!token.test(name)) throw notHttp("one of its headers is none");
  const key = name.toLowerCase();
  if (keys.size < maxKeys) keys.set(name, key);
  return key;
}

/** Without the spaces and tabs around it, which are no part of it; other white space is. */
function trimmed(value: string): string {
  return value.includes("\u00a0") ? value.replace(/^[ \t]+|(?<![ \t])[ \t]+$/g, "") : value.trim();
}

function checkLine(line: string): void {
  if (damaged.test(line)) throw notHttp("its head has characters that none has");
}

function notHttp(why: string): WireError {
  return new WireError("IMAGESYNC_NOT_HTTP", `The answer is not HTTP: ${why}`);
}
