import type { AnswerHead } from "./answer-head.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { WireError } from "./wire-error.ts";

/** Finds the end of an answer's body in what arrives. */
export interface BodyReader {
  /** True when the end of the connection is the end of the body. */
  readonly endsWithConnection: boolean;
  /**
   * Passes the content on that stands in the bytes.
   * @returns how many of the bytes are the body's when it ends in them, undefined when more is to come.
   * @throws WireError for bytes that cannot be a body.
   */
  read(bytes: Buffer, pass: (content: Buffer) => void): number | undefined;
}

/**
 * Whether an answer has no body, whatever its headers say.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function hasNoBody(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}

/**
 * How the body of an answer ends; undefined when there is none.
 * @throws WireError where two readers could see the end in different places.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function framingOf(method: string, { status, headers, modern }: AnswerHead): BodyReader | undefined {
  if (hasNoBody(method, status)) return undefined;
  const encoding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (encoding !== undefined) {
    if (!modern || length !== undefined || encoding.toLowerCase() !== "chunked") throw ambiguous();
    return new ChunkedBody();
  }
  if (length === undefined) return new RestOfConnection();
  // A list of lengths is ambiguous also where they are equal; that costs nobody anything.
  if (!/^\d{1,15}$/.test(length)) throw ambiguous();
  return Number(length) === 0 ? undefined : new CountedBody(Number(length));
}

class CountedBody implements BodyReader {
  readonly endsWithConnection = false;
  #rest: number;

  constructor(bytes: number) {
    this.#rest = bytes;
  }

  read(bytes: Buffer, pass: (content: Buffer) => void): number | undefined {
    const content = bytes.byteLength <= this.#rest ? bytes : bytes.subarray(0, this.#rest);
    this.#rest -= content.byteLength;
    pass(content);
    return this.#rest === 0 ? content.byteLength : undefined;
  }
}

class RestOfConnection implements BodyReader {
  readonly endsWithConnection = true;

  read(bytes: Buffer, pass: (content: Buffer) => void): undefined {
    pass(bytes);
  }
}

function ambiguous(): WireError {
  return new WireError("IMAGESYNC_AMBIGUOUS_LENGTH", "The answer does not say clearly where it ends");
}
