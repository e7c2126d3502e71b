import type { ErrorCode, Side } from "../engine/index.ts";

/** What the program says to the script that called it. These numbers do not change. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  changes: 2,
  sourceNotFound: 3,
  conflict: 4,
  usage: 64,
  interrupted: 130,
  terminated: 143,
} as const;

/** The table for the help text. */
export const exitCodeTable: string = `Exit codes:
  0    done, or there was nothing to do
  1    failed
  2    there is something to do (plan --detailed-exitcode)
  3    the source does not exist
  4    the destination holds something else that must not be replaced
  64   the command line is wrong
  130  stopped by Ctrl-C (SIGINT)
  143  stopped by SIGTERM`;

const { failed, conflict, usage, interrupted } = exitCodes;

const codeOf: Readonly<Record<ErrorCode, number>> = {
  "invalid-reference": usage,
  config: usage,
  conflict,
  immutable: conflict,
  aborted: interrupted,
  "not-found": failed,
  unauthorized: failed,
  denied: failed,
  "rate-limited": failed,
  unavailable: failed,
  timeout: failed,
  "digest-mismatch": failed,
  "size-mismatch": failed,
  "unsupported-media-type": failed,
  unsupported: failed,
  "manifest-invalid": failed,
  quota: failed,
  tls: failed,
  "redirect-refused": failed,
  protocol: failed,
  limit: failed,
  credentials: failed,
  internal: failed,
};

/** The exit code for an error of the engine. */
export function exitCodeOf(error: { readonly code: ErrorCode; readonly side?: Side | undefined }): number {
  if (error.code === "not-found" && error.side === "source") return exitCodes.sourceNotFound;
  return codeOf[error.code];
}
