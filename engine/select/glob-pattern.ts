import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";

/** A part of a glob. */
export type Item =
  | { readonly kind: "slash" }
  | { readonly kind: "one"; readonly matches: (character: string) => boolean }
  | { readonly kind: "stars"; readonly count: number }
  | { readonly kind: "alternatives"; readonly of: readonly (readonly Item[])[] };

/** A list of a few hundred names in braces has its place. */
const maxLength = 4096;
const maxDepth = 16;

/** Takes a glob apart. @throws `config` with the position of the fault. */
export function parseGlob(pattern: string): readonly Item[] {
  if (pattern.length > maxLength) {
    throw invalid(pattern, `it has ${pattern.length} characters, ${maxLength} are possible`);
  }
  const characters = Array.from(pattern);
  const reader: Reader = { pattern, characters, position: 0 };
  return readSequence(reader, 0);
}

/** Characters are code points, as in Go; `position` is the next one to read. */
interface Reader {
  readonly pattern: string;
  readonly characters: readonly string[];
  position: number;
}

/** Up to the end, or inside of braces up to a comma or the closing brace, which it leaves. */
function readSequence(reader: Reader, depth: number): Item[] {
  const items: Item[] = [];
  for (;;) {
    const character = reader.characters[reader.position];
    if (character === undefined || (depth > 0 && (character === "," || character === "}"))) return items;
    items.push(readItem(reader, character, depth));
  }
}

function readItem(reader: Reader, character: string, depth: number): Item {
  const start = reader.position++;
  switch (character) {
    case "/":
      return { kind: "slash" };
    case "?":
      return { kind: "one", matches: () => true };
    case "*":
      while (reader.characters[reader.position] === "*") reader.position++;
      return { kind: "stars", count: reader.position - start };
    case "\\":
      return literal(escaped(reader));
    case "[":
      return { kind: "one", matches: readClass(reader, start) };
    case "{":
      return readAlternatives(reader, start, depth + 1);
    default:
      return literal(character);
  }
}

function literal(wanted: string): Item {
  return wanted === "/" ? { kind: "slash" } : { kind: "one", matches: (character) => character === wanted };
}

function escaped(reader: Reader): string {
  const character = reader.characters[reader.position++];
  if (character === undefined) throw faulty(reader, reader.position - 2, "nothing follows the backslash");
  return character;
}

function readAlternatives(reader: Reader, start: number, depth: number): Item {
  if (depth > maxDepth) throw faulty(reader, start, `braces are nested deeper than ${maxDepth}`);
  const of: Item[][] = [];
  for (;;) {
    of.push(readSequence(reader, depth));
    const character = reader.characters[reader.position++];
    if (character === undefined) throw faulty(reader, start, "the brace is not closed");
    if (character === "}") return { kind: "alternatives", of };
  }
}

/** Behind the opening bracket, up to and with the closing one. */
function readClass(reader: Reader, start: number): (character: string) => boolean {
  const negated = reader.characters[reader.position] === "^";
  if (negated) reader.position++;
  const ranges: { readonly low: number; readonly high: number }[] = [];
  for (;;) {
    const at = reader.position;
    const character = reader.characters[reader.position++];
    if (character === undefined) throw faulty(reader, start, "the bracket is not closed");
    if (character === "]") break;
    const low = classCharacter(reader, character, at);
    if (reader.characters[reader.position] !== "-") {
      ranges.push({ low, high: low });
      continue;
    }
    reader.position++;
    const end = reader.characters[reader.position++];
    if (end === undefined || end === "]") throw faulty(reader, at, "the range in brackets has no end");
    const high = classCharacter(reader, end, reader.position - 1);
    if (high < low) throw faulty(reader, at, "the range in brackets runs backwards");
    ranges.push({ low, high });
  }
  if (ranges.length === 0) throw faulty(reader, start, "there is nothing between the brackets");
  return (character) => {
    const code = codePoint(character);
    return ranges.some(({ low, high }) => low <= code && code <= high) !== negated;
  };
}

function classCharacter(reader: Reader, character: string, at: number): number {
  if (character === "-") throw faulty(reader, at, "a dash in brackets that is no range needs a backslash");
  return codePoint(character === "\\" ? escaped(reader) : character);
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function faulty({ pattern }: Reader, position: number, why: string): ImagesyncError {
  return invalid(pattern, `at character ${position + 1}, ${why}`);
}

function invalid(pattern: string, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "read a pattern",
    message: `Invalid pattern ${quote(pattern)}: ${why}`,
    hint: "Write it with *, **, ?, {a,b} and [a-z]; a backslash takes the meaning from the character behind it",
  });
}
