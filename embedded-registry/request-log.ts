import type { RouteKind } from "./router.ts";

/** What happened in one request. It is there from the request's arrival on, and filled in as the request goes along. */
export interface RequestRecord {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly path: string;
  readonly kind: RouteKind;
  /** Of the answer; 0 before there is one, 499 when the client went away without one. */
  readonly status: number;
  /** Bytes of the request's body that were taken in. */
  readonly bytesIn: number;
  /** Bytes of the answer's body that were sent. */
  readonly bytesOut: number;
}

/** The same for the server that fills it in. */
export type OpenRecord = { -readonly [Field in keyof RequestRecord]: RequestRecord[Field] };

/** A registry that runs for months must not remember every request. */
const MAX_RECORDS = 100_000;

/**
 * Remembers and counts requests as they arrive: whoever has an answer finds his request here, which would not be so if
 * requests were entered when they end.
 */
export class RequestLog {
  #records: RequestRecord[] = [];
  #counts = new Map<string, number>();

  /** The latest requests in the order of their arrival, at most 100 000. */
  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  begin(method: string, path: string, kind: RouteKind): OpenRecord {
    const record: OpenRecord = { method, path, kind, status: 0, bytesIn: 0, bytesOut: 0 };
    if (this.#records.length >= MAX_RECORDS) this.#records = this.#records.slice(MAX_RECORDS / 2);
    this.#records.push(record);
    const key = `${method} ${kind}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return record;
  }

  /** How many requests there were of each sort, for example `{ "HEAD blob": 3, "POST upload": 1 }`. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  reset(): void {
    this.#records = [];
    this.#counts = new Map();
  }
}
