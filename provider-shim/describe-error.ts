import { type ErrorCode, ImagesyncError } from "../engine/index.ts";
import { deletionHint } from "./deletion-hint.ts";
import type { AttributePath, Diagnostic } from "./protocol/diagnostics.ts";

/** The first line of a diagnostic for each code of the engine: short, stable, without values. */
const summaries: Readonly<Record<ErrorCode, string>> = {
  "invalid-reference": "Invalid image reference",
  config: "Invalid configuration",
  "not-found": "Image not found",
  unauthorized: "Not logged in",
  denied: "Access denied",
  "rate-limited": "Rate limit reached",
  unavailable: "Registry unavailable",
  timeout: "Timed out",
  "digest-mismatch": "Digest mismatch",
  "size-mismatch": "Size mismatch",
  "unsupported-media-type": "Unsupported media type",
  unsupported: "Not supported",
  "manifest-invalid": "Invalid manifest",
  conflict: "Conflict",
  immutable: "Tag is immutable",
  quota: "Quota exceeded",
  tls: "TLS failed",
  "redirect-refused": "Redirect refused",
  protocol: "Not a registry's answer",
  limit: "Limit exceeded",
  credentials: "Credentials unusable",
  aborted: "Interrupted",
  internal: "Defect of the provider",
};

/** Turns an error of the engine into a diagnostic; undefined for anything else. */
export function describeError(error: unknown, path?: AttributePath): Diagnostic | undefined {
  if (!(error instanceof ImagesyncError)) return undefined;
  const facts = [
    error.side && `side: ${error.side}`,
    error.registry && `registry: ${error.registry}`,
    error.reference !== undefined && !error.message.includes(error.reference) && `reference: ${error.reference}`,
    error.status && `status: ${error.status}`,
    error.registryCode && `registry's code: ${error.registryCode}`,
    error.attempts && error.attempts > 1 && `attempts: ${error.attempts}`,
  ].filter((fact): fact is string => typeof fact === "string");
  const hint = deletionHint(error);
  const detail = [`${error.message}.`, hint && `${hint}.`, facts.length > 0 && `(${facts.join(", ")})`];
  return {
    severity: "error",
    summary: summaries[error.code],
    detail: detail.filter((line) => typeof line === "string").join("\n\n"),
    path,
  };
}
