import { maxTypeDepth, parseType, type CtyType } from "./cty-type.ts";
import { numberFromInteger, parseDecimal } from "./decimal.ts";
import { MsgpackReader, type Token } from "./msgpack-reader.ts";
import { PathCursor } from "./value-error.ts";
import { UNKNOWN, type Value } from "./value.ts";

/** Parts of one value at most: some hundred times what the largest real plans hold, and small enough for memory. */
const maxParts = 1_000_000;

/**
 * Decodes a value of the given type from MessagePack, as Terraform encodes it.
 * https://github.com/zclconf/go-cty/blob/main/cty/msgpack/doc.go
 * Throws a ValueError for malformed or truncated bytes, and for a value that does not have the type.
 */
export function decodeValue(type: CtyType, bytes: Uint8Array): Value {
  const decoder = new Decoder(bytes);
  return decoder.decode(type);
}

class Decoder {
  readonly #reader: MsgpackReader;
  readonly #path = new PathCursor();
  #parts = 0;
  #dynamicDepth = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new MsgpackReader(bytes);
  }

  decode(type: CtyType): Value {
    const value = this.#value(type);
    if (!this.#reader.atEnd) throw this.#path.fail("Bytes follow after the value");
    return value;
  }

  #next(): Token {
    this.#parts += 1;
    if (this.#parts > maxParts) throw this.#path.fail(`Value has more than ${maxParts} parts`);
    try {
      return this.#reader.next();
    } catch (error) {
      throw this.#path.fail(error instanceof Error ? error.message : String(error));
    }
  }

  #value(type: CtyType): Value {
    const token = this.#next();
    if (token.kind === "nil") return null;
    // Every extension is an unknown value; refinements tell more about it, which a provider may ignore.
    if (token.kind === "extension") return UNKNOWN;
    switch (type) {
      case "string":
        return token.kind === "string" ? token.value.normalize("NFC") : this.#mismatch("a string", token);
      case "bool":
        return token.kind === "boolean" ? token.value : this.#mismatch("a bool", token);
      case "number":
        return this.#number(token);
      case "dynamic":
        return this.#dynamic(token);
      default:
        return this.#compound(type, token);
    }
  }

  #number(token: Token): Value {
    if (token.kind === "integer") return numberFromInteger(token.value);
    if (token.kind === "float" && !Number.isNaN(token.value)) return token.value;
    if (token.kind === "string") {
      const number = parseDecimal(token.value);
      if (number !== undefined) return number;
    }
    return this.#mismatch("a number", token);
  }

  /** The type in JSON, then the value. */
  #dynamic(token: Token): Value {
    if (token.kind !== "array" || token.length !== 2) return this.#mismatch("a dynamic value", token);
    const typeToken = this.#next();
    if (typeToken.kind !== "binary") return this.#mismatch("the type of a dynamic value", typeToken);
    this.#dynamicDepth += 1;
    if (this.#dynamicDepth > maxTypeDepth) throw this.#path.fail("Dynamic values are nested too deep");
    const type = this.#type(typeToken.value);
    const value = this.#value(type);
    this.#dynamicDepth -= 1;
    return { type, value };
  }

  #type(bytes: Uint8Array): CtyType {
    try {
      return parseType(JSON.parse(Buffer.from(bytes).toString("utf8")));
    } catch (error) {
      throw this.#path.fail(error instanceof Error ? error.message : String(error));
    }
  }

  #compound(type: Exclude<CtyType, string>, token: Token): Value {
    const [kind, inner] = type;
    switch (kind) {
      case "list":
      case "set": {
        const length = token.kind === "array" ? token.length : this.#mismatch(`a ${kind}`, token);
        return this.#elements(length, () => inner, kind === "list");
      }
      case "tuple": {
        const length = token.kind === "array" ? token.length : this.#mismatch("a tuple", token);
        if (length !== inner.length) {
          throw this.#path.fail(`A tuple of ${inner.length} elements is required, got ${length}`);
        }
        return this.#elements(length, (index) => inner[index] ?? "dynamic", true);
      }
      case "map":
        return this.#map(inner, token);
      default: // object
        return this.#object(inner, token);
    }
  }

  #elements(length: number, typeOf: (index: number) => CtyType, indexed: boolean): readonly Value[] {
    const elements: Value[] = [];
    for (let index = 0; index < length; index += 1) {
      const step = indexed ? { key: index } : null;
      elements.push(this.#path.within(step, () => this.#value(typeOf(index))));
    }
    return elements;
  }

  #map(type: CtyType, token: Token): ReadonlyMap<string, Value> {
    const length = token.kind === "map" ? token.length : this.#mismatch("a map", token);
    const elements = new Map<string, Value>();
    for (let index = 0; index < length; index += 1) {
      const key = this.#key().normalize("NFC");
      if (elements.has(key)) throw this.#path.fail(`Key ${JSON.stringify(key)} occurs twice`);
      elements.set(
        key,
        this.#path.within({ key }, () => this.#value(type)),
      );
    }
    return elements;
  }

  #object(types: Readonly<Record<string, CtyType>>, token: Token): Value {
    const length = token.kind === "map" ? token.length : this.#mismatch("an object", token);
    // Without a prototype, "__proto__" is a name like any other.
    const attributes: Record<string, Value> = Object.create(null) as Record<string, Value>;
    for (let index = 0; index < length; index += 1) {
      const attribute = this.#key();
      const type = Object.hasOwn(types, attribute) ? types[attribute] : undefined;
      if (type === undefined) throw this.#path.fail(`Attribute ${JSON.stringify(attribute)} is not in the schema`);
      if (Object.hasOwn(attributes, attribute)) {
        throw this.#path.fail(`Attribute ${JSON.stringify(attribute)} occurs twice`);
      }
      attributes[attribute] = this.#path.within({ attribute }, () => this.#value(type));
    }
    for (const attribute of Object.keys(types)) {
      if (!Object.hasOwn(attributes, attribute)) {
        throw this.#path.fail(`Attribute ${JSON.stringify(attribute)} is missing`);
      }
    }
    return attributes;
  }

  #key(): string {
    const token = this.#next();
    return token.kind === "string" ? token.value : this.#mismatch("a key", token);
  }

  #mismatch(expected: string, token: Token): never {
    throw this.#path.fail(`Expected ${expected}, got ${token.kind}`);
  }
}
