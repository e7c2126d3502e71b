import { Readable } from "node:stream";
import { ImagesyncError } from "../errors.ts";
import type { RequestBody } from "./message.ts";
import { Throughput, type ThroughputLimits } from "./throughput.ts";

/**
 * A request's body over all attempts to send it. Each attempt opens it anew; this object knows whether another attempt
 * is possible, and closes the source of the one that failed. Sources are opened when the first byte can be sent, not
 * before: a connection or a login that fails costs nothing.
 */
export class OutgoingBody {
  readonly bytes: number;
  readonly #body: RequestBody;
  #source: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  #taken = false;
  #failure: ImagesyncError | undefined;
  #throughput: Throughput | undefined;

  constructor(body: RequestBody) {
    this.bytes = body.bytes;
    this.#body = body;
  }

  /** True when no other attempt is possible, because the only copy of the bytes was touched. */
  get taken(): boolean {
    return this.#taken;
  }

  /** False for bytes that can be had only once: they must not be sent before it is known that they are welcome. */
  get repeatable(): boolean {
    return this.#body.repeatable;
  }

  /** Why the source failed, if it did: then the request is not to blame, and sending it again won't help. */
  get failure(): ImagesyncError | undefined {
    return this.#failure;
  }

  /** From now on a stream that the other side hardly takes is reported as too slow. One attempt is watched at a time. */
  watch(limits: ThroughputLimits | undefined, onTooSlow: (error: Error) => void): void {
    this.#throughput?.end();
    this.#throughput = limits && new Throughput(limits, onTooSlow);
  }

  /** What is sent in this attempt. `onBytes` hears of every chunk that is taken. */
  open(onBytes: (bytes: number) => void): Uint8Array | AsyncIterable<Uint8Array> {
    if (this.#body.repeatable) {
      this.#source = this.#body.open();
      if (this.#source instanceof Uint8Array) {
        this.#check(this.#source.byteLength, true);
        onBytes(this.#source.byteLength);
        return this.#source;
      }
    }
    return this.#stream(onBytes);
  }

  /**
   * Gives the source up, after an answer that came before the end, a failure or a stop. Does not wait: a source that is
   * asked for its next chunk right now ends when it can.
   */
  abandon(): void {
    const source = this.#source;
    this.#source = undefined;
    this.#throughput?.end();
    // Without a listener the error of a destroyed stream would end the process.
    if (source instanceof Readable) source.on("error", () => {}).destroy();
  }

  async *#stream(onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
    this.#taken = !this.#body.repeatable;
    const throughput = this.#throughput;
    let sent = 0;
    let source: Uint8Array | AsyncIterable<Uint8Array> | undefined;
    try {
      source = this.#source ?? this.#body.open();
      this.#source = source;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        sent += chunk.byteLength;
        this.#check(sent, false);
        onBytes(chunk.byteLength);
        throughput?.wait(chunk.byteLength);
        yield chunk;
        throughput?.moved(chunk.byteLength);
      }
      this.#check(sent, true);
    } catch (error) {
      const failure = sourceFailure(error);
      // What a source says to being given up is not why it was, and another attempt may be on its way.
      if (this.#source === source) this.#failure = failure;
      throw failure;
    }
  }

  #check(sent: number, complete: boolean): void {
    if (sent === this.bytes || (sent < this.bytes && !complete)) return;
    throw new ImagesyncError({
      code: "size-mismatch",
      operation: "send a body",
      message: `Cannot send a body of ${this.bytes} bytes: it has ${complete ? sent : `more than ${this.bytes}`}`,
    });
  }
}

/** An ImagesyncError is not tried again: the request that read from the source is not the one that has failed. */
function sourceFailure(error: unknown): ImagesyncError {
  if (error instanceof ImagesyncError) return error;
  return new ImagesyncError({
    code: "unavailable",
    operation: "read a body",
    message: `Cannot read the body to send: ${error instanceof Error ? error.message : String(error)}`,
    cause: error,
  });
}
