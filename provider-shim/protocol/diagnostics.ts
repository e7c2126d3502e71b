/** A step into a value: to an attribute or nested block by name, or to an element by index or map key. */
export type PathStep = { readonly attribute: string } | { readonly key: string | number };

/** Where in a configuration or state a diagnostic points, from the resource inwards. */
export type AttributePath = readonly PathStep[];

/** A finding shown to the user, at the line of the configuration where the path leads. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** What failed, in one line without a final period. */
  readonly summary: string;
  /** The cause and what to do about it. */
  readonly detail: string;
  readonly path?: AttributePath | undefined;
}

/** A path from names and indices: `attributePath("registry_auth", 0, "address")`. A map key is written `{ key }`. */
export function attributePath(...steps: readonly (string | number | { readonly key: string })[]): AttributePath {
  return steps.map((step) =>
    typeof step === "string" ? { attribute: step } : typeof step === "number" ? { key: step } : step,
  );
}

/** A path as a user would write it: `registry_auth[0].address`. */
export function formatPath(path: AttributePath): string {
  let text = "";
  for (const step of path) {
    if ("attribute" in step) text += text === "" ? step.attribute : `.${step.attribute}`;
    else text += `[${JSON.stringify(step.key)}]`;
  }
  return text;
}

/** Findings of one call: in order of their arrival, each once. */
export class Diagnostics {
  readonly #byContent = new Map<string, Diagnostic>();

  add(diagnostic: Diagnostic): void {
    const content = JSON.stringify([diagnostic.severity, diagnostic.summary, diagnostic.detail, diagnostic.path ?? []]);
    if (!this.#byContent.has(content)) this.#byContent.set(content, diagnostic);
  }

  error(summary: string, detail: string, path?: AttributePath): void {
    this.add({ severity: "error", summary, detail, path });
  }

  warning(summary: string, detail: string, path?: AttributePath): void {
    this.add({ severity: "warning", summary, detail, path });
  }

  get hasErrors(): boolean {
    return this.list.some((diagnostic) => diagnostic.severity === "error");
  }

  get list(): readonly Diagnostic[] {
    return [...this.#byContent.values()];
  }
}
