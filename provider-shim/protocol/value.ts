import type { CtyType } from "./cty-type.ts";
import type { Decimal } from "./decimal.ts";

/** Stands for a value that Terraform does not know yet, for instance an attribute of a resource still to be created. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** An attribute map of an object or a block: one key per attribute and nested block; it has no prototype. */
export interface ObjectValue {
  readonly [attribute: string]: Value;
}

/** A value of dynamic type, with the type it has. */
interface DynamicValue {
  readonly type: CtyType;
  readonly value: Value;
}

/**
 * A value of Terraform's type system. Null stands for every absent value. Numbers are doubles where that is exact and
 * {@link Decimal} otherwise; lists, sets and tuples are arrays; maps are Maps; objects and blocks are plain objects.
 */
export type Value =
  | null
  | typeof UNKNOWN
  | string
  | boolean
  | number
  | Decimal
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | DynamicValue
  | ObjectValue;

/** Whether the value itself is unknown. A known list or object may still hold unknown values. */
export function isUnknown(value: Value | undefined): value is typeof UNKNOWN {
  return value === UNKNOWN;
}

/** Makes an object value; without a prototype, so that a lookup of any name finds declared attributes only. */
export function objectValue(attributes: Readonly<Record<string, Value>>): ObjectValue {
  return Object.assign(Object.create(null) as Record<string, Value>, attributes);
}
