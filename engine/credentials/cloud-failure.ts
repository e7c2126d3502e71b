import { ImagesyncError } from "../errors.ts";

/** What went wrong with a login of a cloud: from where it was to come, why not, and what helps. */
export interface CloudFailure {
  readonly registry: string;
  /** For people: "the key file /home/x/key.json (GOOGLE_APPLICATION_CREDENTIALS)". */
  readonly origin: string;
  /** Words of our own: what a service or a file says may be a secret. */
  readonly why: string;
  readonly hint: string;
  readonly status?: number | undefined;
  /** The service's own name for it. */
  readonly registryCode?: string | undefined;
}

/** The error of a login that is there and can't be used: it must not end as an anonymous request. */
export function cloudFailure({ registry, origin, why, hint, status, registryCode }: CloudFailure): ImagesyncError {
  return new ImagesyncError({
    code: status === 429 ? "rate-limited" : status !== undefined && status >= 500 ? "unavailable" : "credentials",
    operation: "find credentials",
    registry,
    status,
    registryCode,
    message: `Cannot log in to ${registry} with ${origin}: ${why}`,
    hint,
  });
}

/** Why there was no answer: the code of the network's error, never its words, which may name an address with a key. */
export function networkReason(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ("code" in cause && typeof cause.code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(cause.code)) {
      return cause.code;
    }
    if (cause.name === "TimeoutError") return "it did not answer in time";
  }
  return "the connection failed";
}
