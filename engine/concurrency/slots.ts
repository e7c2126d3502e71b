/**
 * A fixed number of slots, handed out in the order of asking. What takes a slot gives it back by calling the function
 * it got; a second call does nothing, so a `finally` and an error path may both call it.
 */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  /** @param limit how many slots exist, at least 1. @throws RangeError otherwise, because nothing would ever run. */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`A limit of ${limit} slots lets nothing run`);
    this.#free = limit;
  }

  /** How many callers wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with the function that gives the slot back. Rejects with the signal's reason, also while waiting. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(take);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(take);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** The slot goes straight to who waits longest: a newcomer can't snatch it in between. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
