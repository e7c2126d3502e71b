import { UsageError } from "../usage-error.ts";

/** A place in a file; both counted from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One mistake in a configuration file. */
export interface Problem {
  readonly place: Place;
  /** What is wrong, and what to write instead where that is known. */
  readonly text: string;
  /**
   * `syntax`: not YAML as it is read here; `structure`: what the JSON Schema forbids too; `meaning`: what only a
   * look at the values tells.
   */
  readonly about: "syntax" | "structure" | "meaning";
}

/** So many are told at once: more would scroll the first ones away. */
const maxTold = 20;

/** Everything that is wrong with a configuration file, in the order of its lines. */
export class ConfigFileError extends UsageError {
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
    const lines = sorted.slice(0, maxTold).map(({ place, text }) => `${placeIn(file, place)}: ${text}`);
    const [only = `${fileName(file)} cannot be used`] = lines;
    if (sorted.length > maxTold) lines.push(`and ${sorted.length - maxTold} more`);
    const hint = "docs/guides/configuration.md describes every key, and docs/config.schema.json tells editors";
    if (sorted.length <= 1) super(only, hint);
    else super(`${fileName(file)} has ${sorted.length} mistakes`, hint, lines);
    this.problems = sorted;
  }
}

/** `file:line:column`, which terminals and editors open. */
export function placeIn(file: string, { line, column }: Place): string {
  return `${fileName(file)}:${line}:${column}`;
}

/** What messages call a file; `-` is the standard input. */
export function fileName(file: string): string {
  return file === "-" ? "<stdin>" : file;
}

/** The text in quotes, cut when it is long. */
export function quoted(text: string): string {
  return `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}
