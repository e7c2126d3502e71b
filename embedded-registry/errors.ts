import type { Reply } from "./reply.ts";

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes and the status each one has here. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const;

/** An error code of the distribution specification, or of the reference implementation where the specification has none. */
export type ErrorCode = keyof typeof STATUS;

/** A refusal with its code, thrown by the code that found the fault and answered as JSON by the server. */
export class RegistryError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  /** `status` replaces the code's usual one where the specification asks for another, for example 416 for a gap. */
  constructor(
    code: ErrorCode,
    message: string,
    options: { status?: number; headers?: Readonly<Record<string, string>>; detail?: unknown } = {},
  ) {
    super(message);
    this.name = "RegistryError";
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.headers = options.headers ?? {};
    this.detail = options.detail;
  }
}

/** The answer to a failed request; anything that is no `RegistryError` is our own fault: 500 without its text. */
export function errorReply(error: unknown): Reply {
  const known = error instanceof RegistryError ? error : new RegistryError("UNKNOWN", "The registry failed");
  const { code, message, detail } = known;
  return {
    status: known.status,
    headers: { ...known.headers, "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] })),
  };
}
