import type { Diagnostic, PathStep } from "./diagnostics.ts";
import type { MessageInit } from "./messages.ts";
import { ValueError } from "./value-error.ts";

/** What an exception says to the user. `action` completes "Cannot …", for instance `apply "imagesync"`. */
export function diagnosticOfError(
  error: unknown,
  action: string,
  signal: AbortSignal,
  describe: ((error: unknown) => Diagnostic | undefined) | undefined,
): Diagnostic {
  const summary = `Cannot ${action}`;
  if (error instanceof ValueError) {
    const detail = `A value does not fit the schema of the provider: ${error.problem}`;
    return { severity: "error", summary, detail, path: error.path };
  }
  const described = describe?.(error);
  if (described !== undefined) return described;
  if (signal.aborted) return { severity: "error", summary, detail: "The operation was cancelled." };
  const message = error instanceof Error ? error.message : String(error);
  return {
    severity: "error",
    summary,
    detail: `${message}\n\nThis is a fault of the provider. Please report it, with the log of TF_LOG_PROVIDER=TRACE.`,
  };
}

/** A diagnostic as the protocol carries it. */
export function diagnosticMessage(diagnostic: Diagnostic): MessageInit<"Diagnostic"> {
  const path = diagnostic.path ?? [];
  return {
    severity: diagnostic.severity === "error" ? 1 : 2,
    summary: diagnostic.summary,
    detail: diagnostic.detail,
    attribute: path.length > 0 ? { steps: path.map(stepMessage) } : undefined,
  };
}

/** A step of a path as the protocol carries it. */
export function stepMessage(step: PathStep): MessageInit<"Step"> {
  if ("attribute" in step) return { attribute_name: step.attribute };
  return typeof step.key === "string" ? { element_key_string: step.key } : { element_key_int: step.key };
}
