/** A speed is that of the last seconds: what happened before says little about what comes. */
const windowMs = 5000;

/** How fast bytes move, and how long the rest will take. Times are epoch milliseconds. */
export class Speed {
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** Notes how many bytes have moved in all until now. */
  note(bytes: number, atMs: number): void {
    this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? 0) <= atMs - windowMs) this.#samples.shift();
  }

  /** Bytes a second; undefined until there is something to tell it from. */
  perSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return undefined;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs));
  }

  /** Milliseconds until so many bytes more have moved; undefined while nothing moves. */
  timeFor(bytes: number): number | undefined {
    const speed = this.perSecond();
    return speed === undefined || speed <= 0 ? undefined : (bytes * 1000) / speed;
  }
}
