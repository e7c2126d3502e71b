import { plainText } from "./plain-text.ts";

/** An error or a warning as terraform's JSON output says it. */
export interface Finding {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  /** Address of the resource, where it belongs to one. */
  readonly address?: string;
  /** The line of the configuration that it points at; undefined when it points at none. */
  readonly line?: string;
}

interface DiagnosticDocument {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
  readonly snippet?: { readonly code: string };
}

/** Reads the outputs of `validate -json` (one document) and `plan -json` (a line for each event). */
export function findingsOf(output: string): readonly Finding[] {
  return documents(output).map((document) => ({
    severity: document.severity,
    summary: document.summary,
    detail: plainText(document.detail ?? ""),
    ...(document.address === undefined ? {} : { address: document.address }),
    ...(document.snippet === undefined ? {} : { line: document.snippet.code.trim() }),
  }));
}

function documents(output: string): readonly DiagnosticDocument[] {
  if (/^\{\s*"format_version"/.test(output.trimStart())) {
    return (JSON.parse(output) as { diagnostics: DiagnosticDocument[] }).diagnostics;
  }
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly type?: string; readonly diagnostic?: DiagnosticDocument })
    .flatMap((event) => (event.type === "diagnostic" && event.diagnostic !== undefined ? [event.diagnostic] : []));
}
