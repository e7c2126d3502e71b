import { isScalar, isSeq } from "yaml";
import { withoutLogin } from "../../engine/index.ts";
import type { JsonSchema } from "./json-schema.ts";
import { quoted } from "./problem.ts";
import { describeNode, type Reading, sourceOf } from "./reading.ts";
import { didYouMean } from "./suggestion.ts";

/**
 * What a value of a file looks like. One table of shapes reads the file and is its JSON Schema: both accept the same
 * values.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /**
   * Reads a node. What is wrong goes to the reading, where `name` is how messages call the value.
   * @returns undefined when it is wrong.
   */
  read(node: unknown, reading: Reading, name: string): T | undefined;
}

export interface TextOptions {
  readonly pattern?: RegExp;
  /** What the pattern stands for: `must be …`. */
  readonly form?: string;
  /** Whether it may be empty. @default false */
  readonly empty?: boolean;
  /** Whether messages leave out a value that does not fit, as it may hold a secret. @default false */
  readonly hidden?: boolean;
}

/** A text. */
export function text({ pattern, form, empty = false, hidden = false }: TextOptions = {}): Shape<string> {
  return {
    schema: {
      type: "string",
      ...(empty ? {} : { minLength: 1 }),
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
    read(node, reading, name) {
      const value = scalarOf(reading.resolve(node));
      if (typeof value !== "string") return reading.problem(node, notText(reading.resolve(node), name));
      if (!empty && value === "") return reading.problem(node, `${quoted(name)} is empty`);
      if (pattern?.test(value) === false) {
        const found = hidden ? "" : `, not ${quoted(withoutLogin(value) ?? value)}`;
        return reading.problem(node, `${quoted(name)} must be ${form ?? "written otherwise"}${found}`);
      }
      return value;
    },
  };
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Shape<T> {
  return {
    schema: { enum: words },
    read(node, reading, name) {
      const value = scalarOf(reading.resolve(node));
      const word = words.find((each) => each === value);
      if (word !== undefined) return word;
      const guess = typeof value === "string" ? didYouMean(value, words) : `; possible are ${words.join(", ")}`;
      return reading.problem(node, `${quoted(name)} cannot be ${describeNode(reading.resolve(node))}${guess}`);
    },
  };
}

/** True or false. */
export const flag: Shape<boolean> = {
  schema: { type: "boolean" },
  read(node, reading, name) {
    const value = scalarOf(reading.resolve(node));
    if (typeof value === "boolean") return value;
    const old = typeof value === "string" && /^(?:y|yes|n|no|on|off|true|false)$/i.test(value);
    const hint = old ? `; write ${/^(?:y|yes|on|true)$/i.test(value) ? "true" : "false"}, without quotes` : "";
    return reading.problem(
      node,
      `${quoted(name)} must be true or false, not ${describeNode(reading.resolve(node))}${hint}`,
    );
  },
};

export interface NumberOptions {
  readonly min: number;
  readonly max: number;
  /** @default false */
  readonly fraction?: boolean;
}

/** A number within bounds, both included. */
export function number({ min, max, fraction = false }: NumberOptions): Shape<number> {
  const kind = fraction ? "a number" : "a whole number";
  return {
    schema: { type: fraction ? "number" : "integer", minimum: min, maximum: max },
    read(node, reading, name) {
      const value = scalarOf(reading.resolve(node));
      if (typeof value === "number" && (fraction || Number.isInteger(value)) && value >= min && value <= max) {
        return value;
      }
      const found = describeNode(reading.resolve(node));
      const wanted = min === max ? String(min) : `${kind} from ${min} to ${max}`;
      return reading.problem(node, `${quoted(name)} must be ${wanted}, not ${found}`);
    },
  };
}

export interface ListOptions {
  /** @default 0 */
  readonly least?: number;
}

/** Any number of values of the same shape. */
export function list<T>(shape: Shape<T>, { least = 0 }: ListOptions = {}): Shape<readonly T[]> {
  return {
    schema: { type: "array", items: shape.schema, ...(least === 0 ? {} : { minItems: least }) },
    read(node, reading, name) {
      const seq = reading.resolve(node);
      if (!isSeq(seq)) {
        const hint = isScalar(seq) && typeof seq.value === "string" ? `; write [${JSON.stringify(seq.value)}]` : "";
        return reading.problem(node, `${quoted(name)} must be a list, not ${describeNode(seq)}${hint}`);
      }
      if (seq.items.length < least) return reading.problem(node, `${quoted(name)} is empty`);
      const values: T[] = [];
      for (const [index, item] of seq.items.entries()) {
        const value = shape.read(item, reading, `${name}[${index}]`);
        if (value === undefined) continue;
        reading.remember(values, values.length, reading.placeOf(item));
        values.push(value);
      }
      reading.remember(values, "", reading.placeOf(node));
      return values;
    },
  };
}

/** The value of a node that is no list and no map. */
export function scalarOf(node: unknown): unknown {
  return isScalar(node) ? node.value : undefined;
}

/** The trap of YAML: `tag: 1.10` is the number 1.1. */
function notText(node: unknown, name: string): string {
  if (!isScalar(node) || node.value === null || typeof node.value === "string") {
    return `${quoted(name)} must be a text, not ${describeNode(node)}`;
  }
  const source = sourceOf(node);
  const is = typeof node.value === "boolean" ? "a boolean" : "a number";
  return `${quoted(name)} must be a text, but ${source} without quotes is ${is}; write "${source}"`;
}
