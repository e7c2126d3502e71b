const mebibyte = 1024 * 1024;

/** Measures how far the memory of this process rises above what it is when the gauge starts. */
export class MemoryGauge {
  #before = used();
  #peak = 0;
  #samples = 0;

  /** What it is now counts as nothing from here on; the highest rise so far stays. */
  start(): void {
    this.#before = used();
  }

  sample(): void {
    this.#samples += 1;
    this.look();
  }

  /** As a sample that is not counted. */
  look(): void {
    this.#peak = Math.max(this.#peak, used() - this.#before);
  }

  get samples(): number {
    return this.#samples;
  }

  /** In mebibytes. */
  get peak(): number {
    return this.#peak / mebibyte;
  }
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
