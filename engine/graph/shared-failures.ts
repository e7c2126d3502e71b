import { type ImagesyncError, isUnreachable } from "../errors.ts";

/**
 * The failures of questions that many have and one asks, while the others wait. A registry that cannot be reached lets
 * each of them wait for all tries anew, one behind the other; so those that have waited share the failure. Who comes
 * later asks again.
 */
export class SharedFailures {
  readonly #last = new Map<string, { readonly at: number; readonly error: ImagesyncError }>();
  #clock = 0;

  /** The moment at which somebody begins to wait. */
  mark(): number {
    return this.#clock;
  }

  /** Asks, unless the question has failed since. @throws that failure, or the own one. */
  async sharing<T>(key: string, since: number, ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const failed = this.#last.get(key);
    if (failed !== undefined && failed.at > since) throw failed.error;
    try {
      const answer = await ask();
      this.#last.delete(key);
      return answer;
    } catch (error) {
      // A stop, or a deadline, is that of one of them.
      if (isUnreachable(error) && signal?.aborted !== true) {
        this.#clock += 1;
        this.#last.set(key, { at: this.#clock, error });
      }
      throw error;
    }
  }
}
