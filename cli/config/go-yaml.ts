import { isMap, isScalar, isSeq, Scalar } from "yaml";
import { quoted } from "./problem.ts";
import { describeNode, type Entry, type Reading, sourceOf } from "./reading.ts";
import { suggestion } from "./suggestion.ts";

/**
 * Files of programs in Go, read as their library reads them into typed fields: numbers become the text they are
 * written as, `yes` and `on` are true, nothing is the zero value, and keys that nobody asks for are passed over, which
 * is said.
 */
export function goFields(
  node: unknown,
  reading: Reading,
  name: string,
  known: readonly string[],
): ReadonlyMap<string, Entry> | undefined {
  const map = reading.resolve(node);
  if (!isMap(map)) return reading.problem(node, `${quoted(name)} must be a map, not ${describeNode(map)}`);
  const fields = new Map<string, Entry>();
  for (const entry of reading.entries(map)) {
    if (known.includes(entry.key)) {
      fields.set(entry.key, entry);
      continue;
    }
    const near = suggestion(entry.key, known);
    const guess = near === undefined ? "" : `; did you mean "${near}"?`;
    reading.note(entry.keyNode, `the key ${quoted(entry.key)} has no meaning here and is ignored${guess}`);
  }
  return fields;
}

/** The text of a field; empty when there is none. Undefined when it is something else. */
export function goText(field: Entry | undefined, reading: Reading): string | undefined {
  const node = reading.resolve(field?.node);
  if (isEmpty(node)) return "";
  if (!isScalar(node))
    return reading.problem(field?.node, `${quoted(field?.key ?? "")} must be a text, not ${describeNode(node)}`);
  return typeof node.value === "string" ? node.value : sourceOf(node);
}

/** Whether a field is true; false when there is none. Undefined when it is something else. */
export function goFlag(field: Entry | undefined, reading: Reading): boolean | undefined {
  const node = reading.resolve(field?.node);
  if (isEmpty(node)) return false;
  if (isScalar(node) && typeof node.value === "boolean") return node.value;
  const word = isScalar(node) && node.type === Scalar.PLAIN ? String(node.value).toLowerCase() : "";
  if (/^(?:y|yes|on)$/.test(word)) return true;
  if (/^(?:n|no|off)$/.test(word)) return false;
  return reading.problem(field?.node, `${quoted(field?.key ?? "")} must be true or false, not ${describeNode(node)}`);
}

/** The items of a list; none when there is no list. Undefined when it is something else. */
export function goItems(field: Entry | undefined, reading: Reading): readonly unknown[] | undefined {
  const node = reading.resolve(field?.node);
  if (isEmpty(node)) return [];
  if (isSeq(node)) return node.items;
  return reading.problem(field?.node, `${quoted(field?.key ?? "")} must be a list, not ${describeNode(node)}`);
}

/** True for what is not there, and for what is there without a value: the zero value in both cases. */
export function isEmpty(node: unknown): boolean {
  return node === undefined || node === null || (isScalar(node) && node.value === null);
}
