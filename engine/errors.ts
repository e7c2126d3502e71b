/** The closed list of what can go wrong. Callers branch on the code; messages may change at any time. */
export type ErrorCode =
  | "invalid-reference"
  | "config"
  | "not-found"
  | "unauthorized"
  | "denied"
  | "rate-limited"
  | "unavailable"
  | "timeout"
  | "digest-mismatch"
  | "size-mismatch"
  | "unsupported-media-type"
  | "unsupported"
  | "manifest-invalid"
  | "conflict"
  | "immutable"
  | "quota"
  | "tls"
  | "redirect-refused"
  | "protocol"
  | "limit"
  | "credentials"
  | "aborted"
  | "internal";

/** Which end of a copy an error belongs to. */
export type Side = "source" | "destination";

export interface ErrorFields {
  readonly code: ErrorCode;
  /** What was being done, a short verb phrase: "get manifest", "upload blob". */
  readonly operation: string;
  /** Failed action first, then the cause; a sentence without its final period. */
  readonly message: string;
  readonly side?: Side | undefined;
  /** The reference in the user's spelling. */
  readonly reference?: string | undefined;
  /** `host[:port]` of the registry that answered. */
  readonly registry?: string | undefined;
  /** HTTP status, when there was an answer. */
  readonly status?: number | undefined;
  /** The registry's own error code, such as MANIFEST_UNKNOWN. */
  readonly registryCode?: string | undefined;
  /** How many times the request was sent. */
  readonly attempts?: number | undefined;
  /** What the user can do about it, a sentence without its final period. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of the engine. Only the code `not-found` may ever mean that something is gone: 401, 403, 429,
 * 5xx and timeouts have codes of their own.
 */
export class ImagesyncError extends Error implements ErrorFields {
  override readonly name = "ImagesyncError";
  readonly code: ErrorCode;
  readonly operation: string;
  readonly side: Side | undefined;
  readonly reference: string | undefined;
  readonly registry: string | undefined;
  readonly status: number | undefined;
  readonly registryCode: string | undefined;
  readonly attempts: number | undefined;
  readonly hint: string | undefined;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.operation = fields.operation;
    this.side = fields.side;
    this.reference = fields.reference;
    this.registry = fields.registry;
    this.status = fields.status;
    this.registryCode = fields.registryCode;
    this.attempts = fields.attempts;
    this.hint = fields.hint;
  }

  /** What it was made of, for another error that tells most of the same. */
  get fields(): ErrorFields {
    const { code, operation, message, side, reference, registry, status, registryCode, attempts, hint, cause } = this;
    return { code, operation, message, side, reference, registry, status, registryCode, attempts, hint, cause };
  }

  /** The same error with more of its circumstances known; fields that are already set stay. */
  with(more: Partial<Pick<ErrorFields, "side" | "reference" | "registry" | "attempts" | "hint">>): ImagesyncError {
    return new ImagesyncError({
      ...this.fields,
      side: this.side ?? more.side,
      reference: this.reference ?? more.reference,
      registry: this.registry ?? more.registry,
      attempts: this.attempts ?? more.attempts,
      hint: this.hint ?? more.hint,
    });
  }

  /** The same error with another hint, where more can be done about it than who raised it knew. */
  hinting(hint: string): ImagesyncError {
    return new ImagesyncError({ ...this.fields, hint });
  }
}

/** True when the error says that the thing asked for does not exist, and nothing else. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ImagesyncError && error.code === "not-found";
}

const unreachableCodes: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout", "rate-limited"]);

/**
 * True when a registry could not be asked, or has no time: what it has is not known. A proxy that refuses the way to it
 * is among the reasons (it is denied without a status); a registry that refuses us is none, as it has answered.
 */
export function isUnreachable(error: unknown): error is ImagesyncError {
  if (!(error instanceof ImagesyncError)) return false;
  return unreachableCodes.has(error.code) || (error.code === "denied" && error.status === undefined);
}

/** The error of something that was stopped: `timeout` when the signal's reason was a deadline, else `aborted`. */
export function stopped(operation: string, reason: unknown): ImagesyncError {
  const deadline = reason instanceof Error && reason.name === "TimeoutError";
  return new ImagesyncError({
    code: deadline ? "timeout" : "aborted",
    operation,
    message: `Cannot ${operation}: ${deadline ? "the deadline passed" : "it was stopped"}`,
    cause: reason,
  });
}

/**
 * Normalises whatever was thrown. An abort becomes `aborted` (a deadline: `timeout`), everything unknown `internal`
 * with a request to report it; the original stays in `cause`.
 */
export function toImagesyncError(error: unknown, operation: string): ImagesyncError {
  if (error instanceof ImagesyncError) return error;
  const name = error instanceof Error ? error.name : "";
  const message = error instanceof Error ? error.message : String(error);
  if (name === "TimeoutError" || name === "AbortError") return stopped(operation, error);
  return new ImagesyncError({
    code: "internal",
    operation,
    message: `Cannot ${operation}: ${message}`,
    hint: "This is a defect of imagesync: please report it with the message and the versions involved",
    cause: error,
  });
}
