/** Requests of one kind: what they were for, and how they were answered. */
export interface RequestCount {
  /** The registry that they were for, also where they went to its token server or to its storage. */
  readonly registry: string;
  readonly method: string;
  /** Undefined where there was no answer. */
  readonly status: number | undefined;
  readonly count: number;
}

/** Counts requests by registry, method and status: a few numbers however many requests there are. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  /** Counts one that is answered, or has failed, by what becomes of the promise, which is given back. */
  async counted<T extends { readonly status: number }>(
    { registry, method }: Pick<RequestCount, "registry" | "method">,
    answer: Promise<T>,
  ): Promise<T> {
    try {
      const response = await answer;
      this.#add({ registry, method, status: response.status });
      return response;
    } catch (error) {
      this.#add({ registry, method, status: undefined });
      throw error;
    }
  }

  /** What was counted so far, by registry. */
  all(): RequestCount[] {
    return [...this.#counts.values()].sort((one, other) => (one.registry < other.registry ? -1 : 1));
  }

  #add(kind: Omit<RequestCount, "count">): void {
    const key = `${kind.registry} ${kind.method} ${kind.status ?? ""}`;
    this.#counts.set(key, { ...kind, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }
}
