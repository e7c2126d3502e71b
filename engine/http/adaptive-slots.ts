/**
 * Slots whose number follows what a host can bear: halved when it complains of too much, and grown again by one for
 * each round of answers without complaint (additive increase, multiplicative decrease, as in TCP). They are handed out
 * in the order of asking.
 */
export class AdaptiveSlots {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #limit: number;
  #taken = 0;
  /** Counts the complaints that were heeded. */
  #generation = 0;

  /** @param max how many slots there are at most, and at first. @throws RangeError for less than one. */
  constructor(max: number) {
    if (!Number.isSafeInteger(max) || max < 1) throw new RangeError(`A limit of ${max} slots lets nothing run`);
    this.#max = max;
    this.#limit = max;
  }

  /** How many may run at the same time at the moment. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** A mark for {@link overloaded}: taken when a request is sent. */
  get generation(): number {
    return this.#generation;
  }

  /** Resolves with the function that gives the slot back. Rejects with the signal's reason, also while waiting. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const taken = this.take();
    if (taken !== undefined) return taken;
    await this.#wait(signal);
    return this.#held();
  }

  /** As {@link acquire}, for who does not wait; undefined when there is none at the moment. */
  take(): (() => void) | undefined {
    if (this.#taken >= this.limit) return undefined;
    this.#taken += 1;
    return this.#held();
  }

  /**
   * The host has complained of a request that was sent at that mark. A hundred that run at the same time complain a
   * hundred times of the same thing, which is heeded once.
   */
  overloaded(generation: number): void {
    if (generation !== this.#generation) return;
    this.#generation += 1;
    this.#limit = Math.max(1, this.#limit / 2);
  }

  /** An answer without complaint. */
  served(): void {
    this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
    this.#admit();
  }

  /** Gives the slot back that was taken, once. */
  #held(): () => void {
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(take);
        reject(signal.reason as Error);
      };
      this.#waiting.add(take);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #release(): void {
    this.#taken -= 1;
    this.#admit();
  }

  #admit(): void {
    for (const next of this.#waiting) {
      if (this.#taken >= this.limit) return;
      this.#waiting.delete(next);
      this.#taken += 1;
      next();
    }
  }
}
