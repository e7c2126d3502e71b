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
  // Azure's metadata service answers 410 while it is updated, for a minute or so.
  const passes = status !== undefined && (status === 410 || status >= 500);
  return new ImagesyncError({
    code: status === 429 ? "rate-limited" : passes ? "unavailable" : "credentials",
    operation: "find credentials",
    registry,
    status,
    registryCode,
    message: `Cannot log in to ${registry} with ${origin}: ${why}`,
    hint,
  });
}

/**
 * The error of a service that gave no answer: that says nothing about the login, and another try may succeed.
 * What our own client says is fit to be shown; of every other error only its code is, as the words may name an address
 * with a key.
 */
export function unreachable(
  { registry, origin }: Pick<CloudFailure, "registry" | "origin">,
  service: string,
  error: unknown,
): ImagesyncError {
  const own = error instanceof ImagesyncError ? error : undefined;
  return new ImagesyncError({
    code: own?.code ?? "unavailable",
    operation: "find credentials",
    registry,
    message: `Cannot log in to ${registry} with ${origin}: ${service} can't be reached (${own?.message ?? reasonOf(error)})`,
    hint: own?.hint ?? "Check the network and the proxy settings",
  });
}

function reasonOf(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ("code" in cause && typeof cause.code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(cause.code)) {
      return cause.code;
    }
    if (cause.name === "TimeoutError") return "it did not answer in time";
  }
  return "the connection failed";
}
