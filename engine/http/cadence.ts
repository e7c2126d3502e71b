import { type Clock, systemClock } from "./clock.ts";

/** Lets requests begin at even distances, in the order of asking. */
export class Cadence {
  readonly #gapMs: number;
  readonly #clock: Clock;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond how many may begin in a second: above 0, may be less than 1 */
  constructor(perSecond: number, clock: Clock = systemClock) {
    this.#gapMs = 1000 / perSecond;
    this.#clock = clock;
  }

  /** Resolves when the caller may begin. A turn that is given up by its signal is not given to another. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#gapMs;
    if (at > now) await this.#clock.sleep(at - now, signal);
  }
}
