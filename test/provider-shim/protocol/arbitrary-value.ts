import * as fc from "fast-check";

import type { CtyType } from "../../../provider-shim/protocol/cty-type.ts";
import { Decimal } from "../../../provider-shim/protocol/decimal.ts";
import { objectValue, UNKNOWN, type Value } from "../../../provider-shim/protocol/value.ts";

const names = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "a", ""),
  fc.string({ unit: "grapheme", maxLength: 5 }).map((name) => name.normalize("NFC")),
);

/** Any type, with attribute names that a careless decoder trips over. */
export const anyType: fc.Arbitrary<CtyType> = fc.letrec<{ type: CtyType }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<CtyType>("string", "number", "bool", "dynamic"),
    fc.tuple(fc.constantFrom("list" as const, "set" as const, "map" as const), tie("type")),
    fc.array(tie("type"), { maxLength: 3 }).map((types): CtyType => ["tuple", types]),
    fc
      .uniqueArray(fc.tuple(names, tie("type")), { maxLength: 4, selector: ([name]) => name })
      .map((entries): CtyType => ["object", nullPrototype(entries)]),
  ),
})).type;

/** Numbers, those included that only a Decimal or a 64-bit integer holds. */
const anyNumber: fc.Arbitrary<Value> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.constantFrom(2 ** 53, -(2 ** 63), 2 ** 64, 0.5, 1e300),
  fc
    .constantFrom("0.1", "-1e-500", "123456789012345678901234567890", "9223372036854775807")
    .map((text) => new Decimal(text)),
);

/** Any value of the type, nulls and unknowns included. */
export function anyValue(type: CtyType): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom<Value>(null, UNKNOWN) },
    { weight: 6, arbitrary: knownValue(type) },
  );
}

function knownValue(type: CtyType): fc.Arbitrary<Value> {
  if (type === "string") return fc.string({ unit: "grapheme" }).map((text) => text.normalize("NFC"));
  if (type === "bool") return fc.boolean();
  if (type === "number") return anyNumber;
  if (type === "dynamic") {
    return fc
      .constantFrom<CtyType>("string", ["list", "number"], ["object", { a: "bool" }])
      .chain((inner) => anyValue(inner).map((value) => ({ type: inner, value })));
  }
  const [kind, inner] = type;
  if (kind === "tuple") return fc.tuple(...inner.map(anyValue));
  if (kind === "list" || kind === "set") return fc.array(anyValue(inner), { maxLength: 20 });
  if (kind === "map")
    return fc.array(fc.tuple(names, anyValue(inner)), { maxLength: 20 }).map((pairs) => new Map(pairs));
  return fc
    .tuple(
      ...Object.entries(inner).map(([name, attribute]) => anyValue(attribute).map((value) => [name, value] as const)),
    )
    .map((entries) => nullPrototype(entries));
}

function nullPrototype<Element>(entries: readonly (readonly [string, Element])[]): Record<string, Element> {
  const record = objectValue({}) as Record<string, Element>;
  for (const [name, element] of entries) record[name] = element;
  return record;
}
