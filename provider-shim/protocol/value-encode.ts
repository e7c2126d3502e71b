import type { CtyType } from "./cty-type.ts";
import { Decimal, parseDecimal } from "./decimal.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { PathCursor } from "./value-error.ts";
import { UNKNOWN, type Value } from "./value.ts";

/**
 * Encodes a value of the given type in MessagePack, as Terraform expects it: an object with all of its attributes, null
 * for those that are missing. Throws a ValueError when the value does not have the type.
 */
export function encodeValue(type: CtyType, value: Value): Uint8Array {
  const encoder = new Encoder();
  encoder.value(type, value);
  return encoder.writer.finish();
}

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

class Encoder {
  readonly writer: MsgpackWriter = new MsgpackWriter();
  readonly #path = new PathCursor();

  value(type: CtyType, value: Value | undefined): void {
    if (value === null || value === undefined) this.writer.nil();
    else if (value === UNKNOWN) this.writer.unknown();
    else if (typeof type !== "string") this.#compound(type, value);
    else if (type === "number") this.#number(value);
    else if (type === "dynamic") this.#dynamic(value);
    else if (type === "string" && typeof value === "string") this.writer.string(value);
    else if (type === "bool" && typeof value === "boolean") this.writer.boolean(value);
    else throw this.#mismatch(type, value);
  }

  #number(value: Value): void {
    if (typeof value === "number" && !Number.isNaN(value)) {
      if (Number.isInteger(value) && inInt64(BigInt(value))) this.writer.integer(BigInt(value));
      else this.writer.float(value);
    } else if (value instanceof Decimal && parseDecimal(value.text) !== undefined) {
      if (/^-?\d{1,19}$/.test(value.text) && inInt64(BigInt(value.text))) this.writer.integer(BigInt(value.text));
      else this.writer.string(value.text);
    } else throw this.#mismatch("number", value);
  }

  #dynamic(value: Value): void {
    if (typeof value !== "object" || value === null || !isDynamic(value)) throw this.#mismatch("dynamic", value);
    this.writer.array(2);
    this.writer.binary(Buffer.from(JSON.stringify(value.type)));
    this.value(value.type, value.value);
  }

  #compound(type: Exclude<CtyType, string>, value: Value): void {
    const [kind, inner] = type;
    switch (kind) {
      case "list":
      case "set":
        if (!Array.isArray(value)) throw this.#mismatch(kind, value);
        this.#elements(value, () => inner, kind === "list");
        break;
      case "tuple":
        if (!Array.isArray(value) || value.length !== inner.length) throw this.#mismatch("tuple", value);
        this.#elements(value, (index) => inner[index] ?? "dynamic", true);
        break;
      case "map":
        if (!(value instanceof Map)) throw this.#mismatch("map", value);
        this.#map(inner, value);
        break;
      case "object":
        this.#object(inner, value);
        break;
    }
  }

  #elements(values: readonly Value[], typeOf: (index: number) => CtyType, indexed: boolean): void {
    this.writer.array(values.length);
    for (const [index, value] of values.entries()) {
      this.#path.within(indexed ? { key: index } : null, () => this.value(typeOf(index), value));
    }
  }

  #map(type: CtyType, values: ReadonlyMap<string, Value>): void {
    this.writer.map(values.size);
    for (const [key, value] of values) {
      this.writer.string(key);
      this.#path.within({ key }, () => this.value(type, value));
    }
  }

  #object(types: Readonly<Record<string, CtyType>>, value: Value): void {
    if (typeof value !== "object" || value === null || isOtherObject(value)) throw this.#mismatch("object", value);
    // All other members of the union are excluded above.
    const attributes = value as Readonly<Record<string, Value>>;
    for (const attribute of Object.keys(attributes)) {
      if (!Object.hasOwn(types, attribute)) {
        throw this.#path.fail(`Attribute ${JSON.stringify(attribute)} is not in the schema`);
      }
    }
    const entries = Object.entries(types);
    this.writer.map(entries.length);
    for (const [attribute, type] of entries) {
      this.writer.string(attribute);
      const present = Object.hasOwn(attributes, attribute) ? attributes[attribute] : null;
      this.#path.within({ attribute }, () => this.value(type, present));
    }
  }

  #mismatch(expected: string, value: Value): Error {
    return this.#path.fail(`Expected a value of type ${expected}, got ${describe(value)}`);
  }
}

function inInt64(integer: bigint): boolean {
  return integer >= minInt64 && integer <= maxInt64;
}

function isOtherObject(value: object): boolean {
  return Array.isArray(value) || value instanceof Map || value instanceof Decimal;
}

function isDynamic(value: object): value is { type: CtyType; value: Value } {
  return !isOtherObject(value) && Object.hasOwn(value, "type") && Object.hasOwn(value, "value");
}

/** The kind of a value, never its content: it may be a secret. */
function describe(value: Value): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Map) return "a map";
  return value instanceof Decimal ? "a number" : `a ${typeof value}`;
}
