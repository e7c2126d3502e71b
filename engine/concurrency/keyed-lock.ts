/**
 * One lock for each key: many may share it, or one may have it alone. First come, first served: a waiting exclusive
 * holder is not overtaken by later shared ones. Waiting ends with the signal.
 */
export class KeyedLock {
  readonly #locks = new Map<string, { holders: number; exclusive: boolean; waiting: Waiter[] }>();

  shared<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#run(key, false, work, signal);
  }

  exclusive<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#run(key, true, work, signal);
  }

  async #run<T>(key: string, exclusive: boolean, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#acquire(key, exclusive, signal);
    try {
      return await work();
    } finally {
      this.#release(key);
    }
  }

  async #acquire(key: string, exclusive: boolean, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const lock = this.#locks.get(key) ?? { holders: 0, exclusive: false, waiting: [] };
    this.#locks.set(key, lock);
    const free = lock.holders === 0 || (!exclusive && !lock.exclusive && lock.waiting.length === 0);
    if (free) {
      lock.holders += 1;
      lock.exclusive = exclusive;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        lock.waiting = lock.waiting.filter((other) => other !== waiter);
        this.#wake(key);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        exclusive,
        start: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      lock.waiting.push(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #release(key: string): void {
    const lock = this.#locks.get(key);
    if (!lock) return;
    lock.holders -= 1;
    this.#wake(key);
  }

  #wake(key: string): void {
    const lock = this.#locks.get(key);
    if (!lock) return;
    for (let next = lock.waiting[0]; next; next = lock.waiting[0]) {
      const free = lock.holders === 0 || (!next.exclusive && !lock.exclusive);
      if (!free) break;
      lock.waiting.shift();
      lock.holders += 1;
      lock.exclusive = next.exclusive;
      next.start();
    }
    if (lock.holders === 0 && lock.waiting.length === 0) this.#locks.delete(key);
  }
}

interface Waiter {
  readonly exclusive: boolean;
  readonly start: () => void;
}
