/**
 * Lets callers who want the same thing at the same time share one attempt. Nothing is remembered: when the attempt has
 * ended, well or badly, the next caller starts a new one.
 */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /**
   * Joins the attempt that runs for `key`, or starts `make`. The shared attempt belongs to no single caller, so `make`
   * must not be tied to the signal of one: a caller who gives up stops waiting by itself.
   */
  run(key: K, make: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = this.#start(key, make);
    this.#running.set(key, started);
    return started;
  }

  async #start(key: K, make: () => Promise<V>): Promise<V> {
    // A `make` that throws or ends at once must not remove its entry before `run` has set it.
    await Promise.resolve();
    try {
      return await make();
    } finally {
      this.#running.delete(key);
    }
  }
}
