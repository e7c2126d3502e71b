import type { BodyReader } from "./framing.ts";
import { WireError } from "./wire-error.ts";

/** A line between chunks is a number; extensions and trailers are rare, and nothing that we would read. */
const maxLineBytes = 4096;
const maxTrailerBytes = 16 * 1024;

const chunkSize = /^([\da-fA-F]{1,13})[ \t]*(?:;.*)?$/;
const lineFeed = 0x0a;

/**
 * A body in chunks, each preceded by its size. Between two calls of `read` it is in one of four places: in a line with a
 * size, in the content of a chunk, in the line end after it, or in the trailers, which are thrown away.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 */
export class ChunkedBody implements BodyReader {
  readonly endsWithConnection = false;
  #place: "size" | "content" | "content end" | "trailers" = "size";
  /** The beginning of a line whose end has not arrived. */
  #line = "";
  /** Bytes of the chunk that have not arrived. */
  #rest = 0;
  #trailerBytes = 0;

  read(bytes: Buffer, pass: (content: Buffer) => void): number | undefined {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#place === "content") {
        const content = bytes.subarray(at, at + this.#rest);
        at += content.byteLength;
        this.#rest -= content.byteLength;
        if (this.#rest === 0) this.#place = "content end";
        pass(content);
        continue;
      }
      const end = bytes.indexOf(lineFeed, at);
      this.#line += bytes.toString("latin1", at, end < 0 ? bytes.byteLength : end);
      if (this.#line.length > maxLineBytes) throw damaged("a line between its chunks is too long");
      if (end < 0) return undefined;
      at = end + 1;
      if (!this.#line.endsWith("\r")) throw damaged("a line between its chunks has no right end");
      const line = this.#line.slice(0, -1);
      this.#line = "";
      if (this.#takeLine(line)) return at;
    }
    return undefined;
  }

  /** @returns whether it was the last one. */
  #takeLine(line: string): boolean {
    if (this.#place === "trailers") {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > maxTrailerBytes) throw damaged("its trailers are too long");
      return line === "";
    }
    if (this.#place === "content end") {
      if (line !== "") throw damaged("a chunk is longer than it was said to be");
      this.#place = "size";
      return false;
    }
    const [, size] = chunkSize.exec(line) ?? [];
    if (size === undefined) throw damaged("the size of a chunk is none");
    this.#rest = Number.parseInt(size, 16);
    this.#place = this.#rest === 0 ? "trailers" : "content";
    return false;
  }
}

function damaged(why: string): WireError {
  return new WireError("IMAGESYNC_NOT_HTTP", `The body of the answer is damaged: ${why}`);
}
