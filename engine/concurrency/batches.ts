/** What is asked for while the same work still waits for its turn. */
interface Batch<Order, Result> {
  readonly orders: Order[];
  readonly results: Promise<readonly Result[]>;
  readonly stop: AbortController;
  /** Later orders start another one. */
  readonly close: () => void;
  waiting: number;
}

/** Closes the batch: later orders go into the next one. */
export type Take<Order> = () => readonly Order[];

/**
 * Joins orders for one key into one run of the work, which costs the same for many as for one. The first order starts
 * the work; whatever is ordered until the work takes the orders is done together with it.
 */
export class Batches<Order, Result> {
  readonly #open = new Map<string, Batch<Order, Result>>();

  /**
   * @param work Takes the orders when its turn has come, and answers each at its place. Its signal is aborted when
   * nobody waits for an answer any more.
   * @throws what the work throws, for every order of the batch; the signal's reason for the one that was cancelled.
   */
  async join(
    key: string,
    order: Order,
    work: (take: Take<Order>, signal: AbortSignal) => Promise<readonly Result[]>,
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const batch = this.#open.get(key) ?? this.#start(key, work);
    const position = batch.orders.push(order) - 1;
    batch.waiting += 1;
    const results = await this.#wait(batch, signal);
    const result = results[position];
    if (result === undefined) throw new Error(`The work has not answered order ${position}`);
    return result;
  }

  #start(
    key: string,
    work: (take: Take<Order>, signal: AbortSignal) => Promise<readonly Result[]>,
  ): Batch<Order, Result> {
    const orders: Order[] = [];
    const stop = new AbortController();
    const close = (): void => {
      if (this.#open.get(key) === batch) this.#open.delete(key);
    };
    const take = (): readonly Order[] => {
      close();
      return orders;
    };
    // A turn later, so that the batch exists when the work takes it.
    const results = Promise.resolve()
      .then(() => work(take, stop.signal))
      .finally(close);
    const batch: Batch<Order, Result> = { orders, results, stop, close, waiting: 0 };
    this.#open.set(key, batch);
    return batch;
  }

  /** Who orders from now on must not join what nobody wants any more. */
  #abandon(batch: Batch<Order, Result>, { reason }: AbortSignal): void {
    batch.close();
    batch.stop.abort(reason);
  }

  async #wait(batch: Batch<Order, Result>, signal: AbortSignal | undefined): Promise<readonly Result[]> {
    if (!signal) return await batch.results;
    return await new Promise((resolve, reject) => {
      const leave = (): void => {
        batch.waiting -= 1;
        if (batch.waiting === 0) this.#abandon(batch, signal);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      batch.results.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }
}
