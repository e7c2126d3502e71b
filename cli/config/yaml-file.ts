import { createReadStream } from "node:fs";
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { ConfigFileError, fileName } from "./problem.ts";
import { Reading } from "./reading.ts";
import { UsageError } from "../usage-error.ts";

/** What a file contains, parsed but not understood. */
export interface YamlFile {
  /** The root node; null for an empty file. */
  readonly root: unknown;
  readonly reading: Reading;
}

/** Where the bytes of `-` come from. */
export type Input = AsyncIterable<Uint8Array | string>;

/** Ten thousand images fit into it; parsing it takes a second. */
const maxBytes = 2 * 1024 ** 2;
/** Far deeper than any format here, and shallow enough for the parser: each level costs it a kilobyte. */
const maxNesting = 1000;

/**
 * Reads a file as text. @param file `-` is the standard input
 * @throws UsageError when it can't be read, is larger than 2 MiB, or is no UTF-8.
 */
export async function readText(file: string, stdin: Input = process.stdin): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const input = file === "-" ? stdin : (createReadStream(file, { end: maxBytes }) as Input);
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > maxBytes) break;
    }
  } catch (error) {
    throw new UsageError(
      `Cannot read ${fileName(file)}: ${reasonOf(error)}`,
      "Name a configuration file, or - for the standard input",
    );
  }
  if (size > maxBytes) throw new UsageError(`${fileName(file)} is larger than 2 MiB`, "Split it into several files");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
    // In UTF-16 without a mark at its beginning, every other byte of English is NUL.
    if (!text.includes("\0")) return text;
  } catch {
    // Told below, as what has NUL in it is no text either.
  }
  throw new UsageError(`${fileName(file)} is no text in UTF-8`, "Save it as UTF-8");
}

/**
 * Parses YAML 1.2, JSON included. Keys that are there twice are told when their map is read.
 * @param documents how many there may be: `one`, or any number of which the `first` counts, as for programs in Go
 * @throws ConfigFileError with every mistake in the syntax.
 */
export function parseYaml(file: string, text: string, documents: "one" | "first" = "one"): YamlFile {
  const lines = new LineCounter();
  const deep = nestedTooDeep(text);
  if (deep !== undefined) {
    throw new ConfigFileError(file, [
      { place: deep, text: `the nesting is deeper than ${maxNesting} levels`, about: "syntax" },
    ]);
  }
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Quadratic in the number of keys: they are looked for where maps are read.
    uniqueKeys: false,
    version: "1.2",
    logLevel: "silent",
  });
  const all: readonly Document[] = "empty" in parsed ? [] : parsed;
  const [document, second] = all;
  const reading = new Reading(file, document, lines);
  for (const { message, pos } of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) {
    reading.problem(reading.placeAt(pos[0]), lowerFirst(message), "syntax");
  }
  if (second !== undefined) {
    const place = reading.placeAt(second.range?.[0] ?? 0);
    if (documents === "first") reading.note(place, "only the first document of the file is read, as ever");
    else reading.problem(place, "a second document begins here; put everything into one", "syntax");
  }
  if (reading.problems.length > 0) throw new ConfigFileError(file, reading.problems);
  return { root: document?.contents ?? null, reading };
}

/** Brackets and indentation bound the depth from above; what of them stands in quotes and comments counts too. */
function nestedTooDeep(text: string): { line: number; column: number } | undefined {
  let brackets = 0;
  let line = 0;
  for (const content of text.split("\n")) {
    line++;
    // A level takes a column at least.
    const lead = /^(?:[ \t]|[-?:][ \t])*/.exec(content)?.[0] ?? "";
    for (const character of content) {
      if (character === "[" || character === "{") brackets++;
      else if (character === "]" || character === "}") brackets = Math.max(0, brackets - 1);
      if (brackets > maxNesting) return { line, column: 1 };
    }
    if (lead.length > maxNesting) return { line, column: 1 };
  }
  return undefined;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
