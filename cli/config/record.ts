import { isMap, isScalar, Scalar } from "yaml";
import type { JsonSchema } from "./json-schema.ts";
import { quoted } from "./problem.ts";
import { describeNode } from "./reading.ts";
import type { Shape } from "./shape.ts";
import { didYouMean, suggestion } from "./suggestion.ts";

/** A key of a record: what it means, and what its value looks like. */
interface Field<T> {
  readonly shape: Shape<T>;
  readonly description: string;
  readonly required?: boolean;
}

/** A key for each property of the type, which has no others. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

export interface RecordOptions {
  /** Keys that are ignored whatever they hold, for anchors. @default none */
  readonly ignored?: RegExp;
}

/** A map with known keys; every other one is a mistake. */
export function record<T extends object>(fields: Fields<T>, { ignored }: RecordOptions = {}): Shape<T> {
  const known = new Map(Object.entries<Field<unknown>>(fields));
  const required = [...known].filter(([, field]) => field.required === true).map(([key]) => key);
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries([...known].map(([key, field]) => [key, fieldSchema(field)])),
      ...(ignored === undefined ? {} : { patternProperties: { [ignored.source]: {} } }),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    },
    read(node, reading, name) {
      const map = reading.resolve(node);
      if (!isMap(map)) return reading.problem(node, `${quoted(name)} must be a map, not ${describeNode(map)}`);
      const values: Record<string, unknown> = {};
      const before = reading.problems.length;
      const misspelt = new Set<string | undefined>();
      reading.remember(values, "", reading.placeOf(node));
      const entries = reading.entries(map);
      for (const { key, keyNode, node: value } of entries) {
        const field = known.get(key);
        if (field === undefined) {
          if (ignored?.test(key) === true) continue;
          const meant = suggestion(key, [...known.keys()]);
          const guess = meant === undefined ? didYouMean(key, unusedOf(known, entries)) : `; did you mean "${meant}"?`;
          reading.problem(keyNode, `unknown key ${quoted(key)}${guess}`);
          misspelt.add(meant);
          continue;
        }
        reading.remember(values, key, reading.placeOf(keyNode));
        const read = field.shape.read(value ?? nothingAt(keyNode), reading, key);
        if (read !== undefined) values[key] = read;
      }
      for (const key of required) {
        const there = misspelt.has(key) || entries.some((entry) => entry.key === key);
        if (!there) reading.problem(node, `${quoted(key)} is missing${inWhat(name)}`);
      }
      if (reading.problems.length > before) reading.markFlawed(values);
      // Each key was read by the shape that the type of its property demands.
      return required.every((key) => key in values) ? (values as T) : undefined;
    },
  };
}

function fieldSchema({ shape, description }: Field<unknown>): JsonSchema {
  return { description, ...shape.schema };
}

/** A key without a value, as in `{ key }`. */
function nothingAt(keyNode: unknown): Scalar {
  const nothing = new Scalar(null);
  if (isScalar(keyNode) && keyNode.range) nothing.range = keyNode.range;
  return nothing;
}

function unusedOf(known: ReadonlyMap<string, unknown>, entries: readonly { readonly key: string }[]): string[] {
  const used = new Set(entries.map(({ key }) => key));
  return [...known.keys()].filter((key) => !used.has(key));
}

function inWhat(name: string): string {
  return name === "" ? "" : ` in ${name}`;
}

/** A map whose keys the user chooses. */
export function map<T>(shape: Shape<T>, keys: RegExp): Shape<Readonly<Record<string, T>>> {
  return {
    schema: { type: "object", propertyNames: { pattern: keys.source }, additionalProperties: shape.schema },
    read(node, reading, name) {
      const resolved = reading.resolve(node);
      if (!isMap(resolved))
        return reading.problem(node, `${quoted(name)} must be a map, not ${describeNode(resolved)}`);
      const values: [string, T][] = [];
      for (const { key, keyNode, node: value } of reading.entries(resolved)) {
        if (!keys.test(key)) reading.problem(keyNode, `${quoted(key)} cannot be a key of ${name}`);
        const read = shape.read(value ?? nothingAt(keyNode), reading, key);
        if (read !== undefined) values.push([key, read]);
      }
      return Object.fromEntries(values);
    },
  };
}
