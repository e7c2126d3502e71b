import { maxTypeDepth, parseType, type CtyType } from "./cty-type.ts";
import { Decimal, parseDecimal } from "./decimal.ts";
import { PathCursor } from "./value-error.ts";
import type { Value } from "./value.ts";

/**
 * Parses JSON so that numbers which no double holds become {@link Decimal}s, where the runtime reveals their text
 * (Node >= 21); elsewhere they are rounded. Throws a SyntaxError for malformed JSON, an Error for hopeless nesting.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && context?.source !== undefined ? (parseDecimal(context.source) ?? value) : value;
  try {
    return JSON.parse(text, revive);
  } catch (error) {
    if (error instanceof RangeError) throw new Error("JSON is nested too deep", { cause: error });
    throw error;
  }
}

/**
 * Reads a value of the given type from parsed JSON, the form in which Terraform stores states. Attributes that the type
 * does not know are dropped, missing ones are null. Throws a ValueError when the JSON does not have the type.
 */
export function valueFromJson(type: CtyType, json: unknown): Value {
  return new Converter().convert(type, json);
}

class Converter {
  readonly #path = new PathCursor();
  #dynamicDepth = 0;

  convert(type: CtyType, json: unknown): Value {
    if (json === null || json === undefined) return null;
    switch (type) {
      case "string":
        return typeof json === "string" ? json.normalize("NFC") : this.#mismatch(type, json);
      case "bool":
        return typeof json === "boolean" ? json : this.#mismatch(type, json);
      case "number": {
        if (typeof json === "number" || json instanceof Decimal) return json;
        return (typeof json === "string" ? parseDecimal(json) : undefined) ?? this.#mismatch(type, json);
      }
      case "dynamic":
        return this.#dynamic(json);
      default:
        return this.#compound(type, json);
    }
  }

  #dynamic(json: unknown): Value {
    const record = this.#record("dynamic", json);
    this.#dynamicDepth += 1;
    if (this.#dynamicDepth > maxTypeDepth) throw this.#path.fail("Dynamic values are nested too deep");
    let type: CtyType;
    try {
      type = parseType(record["type"]);
    } catch (error) {
      throw this.#path.fail(error instanceof Error ? error.message : String(error));
    }
    const value = this.convert(type, record["value"]);
    this.#dynamicDepth -= 1;
    return { type, value };
  }

  #compound(type: Exclude<CtyType, string>, json: unknown): Value {
    const [kind, inner] = type;
    switch (kind) {
      case "list":
      case "set":
        return this.#array(kind, json).map((element, index) =>
          this.#path.within(kind === "list" ? { key: index } : null, () => this.convert(inner, element)),
        );
      case "tuple": {
        const elements = this.#array(kind, json);
        if (elements.length !== inner.length) return this.#mismatch(`tuple of ${inner.length}`, json);
        return elements.map((element, index) =>
          this.#path.within({ key: index }, () => this.convert(inner[index] ?? "dynamic", element)),
        );
      }
      case "map": {
        const entries = Object.entries(this.#record(kind, json));
        return new Map(
          entries.map(([key, element]) => [key, this.#path.within({ key }, () => this.convert(inner, element))]),
        );
      }
      default: {
        // object
        const record = this.#record(kind, json);
        const attributes: Record<string, Value> = Object.create(null) as Record<string, Value>;
        for (const [attribute, attributeType] of Object.entries(inner)) {
          const present = Object.hasOwn(record, attribute) ? record[attribute] : null;
          attributes[attribute] = this.#path.within({ attribute }, () => this.convert(attributeType, present));
        }
        return attributes;
      }
    }
  }

  #array(kind: string, json: unknown): readonly unknown[] {
    return Array.isArray(json) ? (json as readonly unknown[]) : this.#mismatch(kind, json);
  }

  #record(kind: string, json: unknown): Readonly<Record<string, unknown>> {
    if (typeof json !== "object" || json === null || Array.isArray(json) || json instanceof Decimal) {
      return this.#mismatch(kind, json);
    }
    return json as Readonly<Record<string, unknown>>;
  }

  #mismatch(expected: string, json: unknown): never {
    const actual = Array.isArray(json) ? "an array" : `a ${typeof json}`;
    throw this.#path.fail(`Expected a value of type ${expected}, got ${actual}`);
  }
}
