import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import { type Clock, systemClock } from "./clock.ts";

/** After a silence so much may pass at once, in milliseconds of the full rate. */
const burstMs = 250;

/** Shorter pauses are saved up: timers are no better than this. */
const shortestPauseMs = 5;

/**
 * A limit for all bodies together, sent and received: a bucket that fills at the rate. What is taken goes through at
 * once and is owed, and who comes next waits until that is paid; so everybody gets on, in the order of asking.
 */
export class Bandwidth {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** Until then everything that was taken is paid. */
  #paidAt = Number.NEGATIVE_INFINITY;

  /** @param bytesPerSecond above 0 */
  constructor(bytesPerSecond: number, clock: Clock = systemClock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** Resolves when these bytes may pass. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const from = Math.max(this.#paidAt, now - burstMs);
    this.#paidAt = from + bytes / this.#bytesPerMs;
    if (from - now >= shortestPauseMs) await this.#clock.sleep(from - now, signal);
  }

  /** A body to send, at the pace that is allowed. Ends its source with it, as any loop over it does. */
  async *outgoing(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      await this.take(chunk.byteLength, signal);
      yield chunk;
    }
  }

  /** A body that arrives: its source is not read while it waits, and is destroyed with the stream that is returned. */
  incoming(source: Readable, signal: AbortSignal): Readable {
    const pass = async (chunk: Uint8Array, done: TransformCallback): Promise<void> => {
      try {
        await this.take(chunk.byteLength, signal);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, chunk);
    };
    const throttled = new Transform({
      // No more chunks than wait in the source already.
      objectMode: true,
      highWaterMark: 1,
      transform: (chunk: Uint8Array, _, done) => void pass(chunk, done),
    });
    // The failure is the reader's to handle; a stop may come before there is one.
    throttled.on("error", () => undefined);
    pipeline(source, throttled, () => undefined);
    return throttled;
  }
}
