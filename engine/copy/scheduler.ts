import { Slots } from "../concurrency/slots.ts";

/** Blobs under this many bytes cost round trips, larger ones bandwidth; they are scheduled apart. */
export const smallBlobBytes: number = 1024 * 1024;

/** Many small blobs hide latency: measured at 20 ms round trips, 4 at a time take three times as long as 32. */
const smallSlots = 26;
/** A few large ones fill the line; more only compete for the processor and the registry's disk. */
const largeSlots = 4;
/** How many blobs move at the same time where nothing else is asked for. */
export const defaultParallelTransfers: number = smallSlots + largeSlots;

/** Decides how many blobs move at the same time in this process, whoever asked for them. */
export class TransferScheduler {
  readonly #all: Slots;
  readonly #small: Slots;
  readonly #large: Slots;

  /** @param maxParallel how many at most, at least 1; the share of large ones stays the same. @default 30 */
  constructor(maxParallel: number = defaultParallelTransfers) {
    this.#all = new Slots(maxParallel);
    const large = Math.max(largeSlots, Math.round((maxParallel * largeSlots) / defaultParallelTransfers));
    this.#large = new Slots(large);
    this.#small = new Slots(Math.max(smallSlots, maxParallel - large));
  }

  /** Runs the work when a slot for that size is free. Work that waits for other transfers must not hold a slot. */
  async run<T>(bytes: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const releaseKind = await (bytes < smallBlobBytes ? this.#small : this.#large).acquire(signal);
    try {
      const releaseAll = await this.#all.acquire(signal);
      try {
        return await work();
      } finally {
        releaseAll();
      }
    } finally {
      releaseKind();
    }
  }
}
