/** What a registry says of how often it may still be asked. */
export interface RateLimit {
  /** Requests that are allowed in one window. */
  readonly limit: number;
  /** Requests of them that are left. */
  readonly remaining: number;
  /** Length of the window in milliseconds; undefined when the registry does not say. */
  readonly windowMs: number | undefined;
  /** When it was said, epoch milliseconds. */
  readonly observedAtMs: number;
}

/** Below this part of the limit a user should hear of it, before pulls fail. */
const lowShare = 0.1;

/**
 * Reads `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`, as Docker Hub sends them with manifests;
 * undefined when they are missing or make no sense.
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
export function parseRateLimit(headers: ReadonlyMap<string, string>, nowMs: number): RateLimit | undefined {
  const limit = leadingNumber(headers.get("ratelimit-limit"));
  const remaining = leadingNumber(headers.get("ratelimit-remaining"));
  if (limit === undefined || remaining === undefined) return undefined;
  const window = /;\s*w=(\d{1,9})\b/.exec(headers.get("ratelimit-limit") ?? "")?.[1];
  return { limit, remaining, windowMs: window === undefined ? undefined : Number(window) * 1000, observedAtMs: nowMs };
}

/** The latest word of each registry on its limit. */
export class RateLimits {
  readonly #latest = new Map<string, RateLimit>();
  readonly #warned = new Set<string>();

  /** Notes what an answer of a registry says; returns a sentence for the user when, for the first time, little is left. */
  observe(registry: string, headers: ReadonlyMap<string, string>): string | undefined {
    const now = parseRateLimit(headers, Date.now());
    if (now === undefined) return undefined;
    this.#latest.set(registry, now);
    if (now.remaining > now.limit * lowShare) {
      this.#warned.delete(registry);
      return undefined;
    }
    if (this.#warned.has(registry)) return undefined;
    this.#warned.add(registry);
    const window = now.windowMs === undefined ? "" : ` in ${Math.round(now.windowMs / 60_000)} minutes`;
    return `${registry} allows ${now.remaining} more of ${now.limit} requests${window}`;
  }

  /** Undefined for a registry that has never told. */
  of(registry: string): RateLimit | undefined {
    return this.#latest.get(registry);
  }
}

function leadingNumber(header: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,12})\s*(?:[;,]|$)/.exec(header ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
