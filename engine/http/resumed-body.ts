import { Readable } from "node:stream";
import { ImagesyncError } from "../errors.ts";
import type { WireResponse } from "./wire.ts";

/** So many bytes since the last interruption are progress: a server that cuts less must not keep us for ever. */
const progressBytes = 1024 * 1024;

/** What is downloaded, and how to get more of it. */
interface Download {
  readonly operation: string;
  readonly registry: string;
  /** The length of the whole body, in bytes. */
  readonly expectedBytes: number;
  /**
   * Asks for the rest, from the registry on: an address of its storage may have expired. Rejects when no more is to be
   * had; `reason` is why the last answer ended, `progressed` whether it was of any use.
   */
  readonly again: (offset: number, reason: ImagesyncError, progressed: boolean) => Promise<WireResponse>;
}

/**
 * The body of a download that goes on where it was interrupted, so that its reader sees one body and keeps its hash.
 * It owns the stream of the answer that it reads from at the moment, and destroys it when it is destroyed itself.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export class ResumedBody extends Readable {
  readonly #download: Download;
  #current: Readable;
  /** Bytes handed to the reader, and where the current answer began. */
  #received = 0;
  #beganAt = 0;
  /** Bytes of the current answer that the reader has already. */
  #toSkip = 0;

  constructor(first: WireResponse, download: Download) {
    // The answer's own stream reads ahead; a second buffer would only hold more memory.
    super({ objectMode: true, highWaterMark: 1 });
    this.#download = download;
    this.#current = first.body;
    // Who reads is told; without a listener until then the error of a stop would end the process.
    this.on("error", () => undefined);
    this.#follow(first.body);
  }

  override _read(): void {
    this.#current.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#current.destroy();
    callback(error);
  }

  #follow(body: Readable): void {
    this.#current = body;
    body.pause();
    body.on("data", (chunk: Uint8Array) => this.#take(chunk));
    body.once("end", () => {
      if (this.#received >= this.#download.expectedBytes) this.push(null);
      else void this.#continue(this.#interrupted("size-mismatch", "where the answer ends"));
    });
    body.once("error", (error) => this.#onError(error));
  }

  #take(chunk: Uint8Array): void {
    const rest = this.#toSkip === 0 ? chunk : chunk.subarray(this.#toSkip);
    this.#toSkip -= chunk.byteLength - rest.byteLength;
    if (rest.byteLength === 0) return;
    this.#received += rest.byteLength;
    if (!this.push(rest)) this.#current.pause();
  }

  #onError(error: Error): void {
    if (this.destroyed) return;
    // Without a length the end of the connection is the end of the body, however rude; the digest decides.
    if (this.#received === this.#download.expectedBytes) this.push(null);
    else if (error instanceof ImagesyncError && (error.code === "unavailable" || error.code === "timeout")) {
      void this.#continue(error);
    } else this.destroy(error);
  }

  async #continue(reason: ImagesyncError): Promise<void> {
    const { again } = this.#download;
    const progressed = this.#received - this.#beganAt >= progressBytes;
    try {
      const response = await again(this.#received, reason, progressed);
      if (this.destroyed) {
        response.body.destroy();
        return;
      }
      this.#toSkip = this.#offsetOf(response);
      this.#beganAt = this.#received;
      this.#follow(response.body);
      this.#current.resume();
    } catch (error) {
      this.destroy(error instanceof Error ? error : reason);
    }
  }

  /** How many bytes of the answer are known already: those of a server that ignores ranges, which sends all again. */
  #offsetOf(response: WireResponse): number {
    if (response.status === 200) return this.#received;
    if (response.status === 206) {
      const range = /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16}|\*)$/i.exec(response.headers.get("content-range") ?? "");
      const total = range?.[2] === "*" ? this.#download.expectedBytes : Number(range?.[2]);
      if (Number(range?.[1]) === this.#received && total === this.#download.expectedBytes) return 0;
    }
    response.body.on("error", () => undefined).destroy();
    const what =
      response.status === 206
        ? "it sends another part than was asked for"
        : `it answers with status ${response.status}`;
    throw this.#interrupted("unavailable", what, response.status);
  }

  #interrupted(code: "unavailable" | "size-mismatch", why: string, status?: number): ImagesyncError {
    const { operation, registry, expectedBytes } = this.#download;
    return new ImagesyncError({
      code,
      operation,
      registry,
      status,
      message: `Cannot ${operation} at ${registry}: the download broke off after ${this.#received} of ${expectedBytes} bytes, ${why}`,
    });
  }
}
