/** How slow a body may come or go before it is given up. */
export interface ThroughputLimits {
  /** Bytes per second, on average over the window, that the other side must take or give. */
  readonly minBytesPerSecond: number;
  /** Over how many milliseconds of waiting that is judged. */
  readonly windowMs: number;
}

/** The `code` of the error with which a body is given up. */
const tooSlowCode = "IMAGESYNC_TOO_SLOW";

/**
 * Tells when the other side of a body is too slow: a peer that sends a byte now and then keeps every idle timeout
 * content, and a connection busy for days. Only time counts in which we wait for it; while we are slow ourselves,
 * because the other end of the copy is, the clock stands still. One timer a window, however many chunks there are.
 */
export class Throughput {
  readonly #limits: ThroughputLimits;
  readonly #onTooSlow: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Of the present window. */
  #waitedMs = 0;
  #bytes = 0;
  /** Bytes that have been handed over and are not known to have gone. */
  #pending = 0;
  #waitingSince: number | undefined;

  constructor(limits: ThroughputLimits, onTooSlow: (error: Error) => void) {
    this.#limits = limits;
    this.#onTooSlow = onTooSlow;
  }

  /** From now on we wait for the other side: to send more, or to take `pending` bytes. */
  wait(pending = 0): void {
    this.#pending = pending;
    this.#waitingSince ??= performance.now();
    this.#timer ??= setTimeout(() => this.#judge(), this.#limits.windowMs).unref();
  }

  /** The other side has sent or taken so many bytes; until the next {@link wait} it is our turn. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    this.#pending = 0;
    this.#stopClock();
  }

  /** The body is over, well or badly. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waitingSince = undefined;
  }

  #stopClock(): void {
    if (this.#waitingSince === undefined) return;
    this.#waitedMs += performance.now() - this.#waitingSince;
    this.#waitingSince = undefined;
  }

  #judge(): void {
    const { minBytesPerSecond, windowMs } = this.#limits;
    const waiting = this.#waitingSince !== undefined;
    this.#stopClock();
    if (waiting) this.#waitingSince = performance.now();
    // Timers may fire a moment early.
    const leftMs = windowMs - this.#waitedMs;
    if (leftMs > 1) {
      this.#timer = setTimeout(() => this.#judge(), leftMs).unref();
      return;
    }
    const needed = (minBytesPerSecond * this.#waitedMs) / 1000;
    if (this.#bytes + this.#pending < needed) {
      this.end();
      const what = `less than ${minBytesPerSecond} bytes a second over ${Math.round(this.#waitedMs / 1000)} s`;
      this.#onTooSlow(Object.assign(new Error(what), { code: tooSlowCode }));
      return;
    }
    // A chunk that is still on its way is given the time it needs, and no second window for nothing.
    if (this.#bytes >= needed) {
      this.#waitedMs = 0;
      this.#bytes = 0;
    }
    this.#timer = setTimeout(() => this.#judge(), windowMs).unref();
  }
}
