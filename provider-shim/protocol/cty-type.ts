/**
 * A type of Terraform's type system, in the JSON form that schemas carry.
 * https://github.com/zclconf/go-cty/blob/main/docs/json.md#type-constraint-serialization
 */
export type CtyType =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | readonly ["list" | "set" | "map", CtyType]
  | readonly ["tuple", readonly CtyType[]]
  | readonly ["object", Readonly<Record<string, CtyType>>];

/** Types nest this deep at most. Schemas nest less than ten levels; only a hostile type goes deeper. */
export const maxTypeDepth = 32;

/**
 * Reads a type from parsed JSON, as it accompanies every dynamically typed value.
 * Throws an Error that quotes the part that is no type.
 */
export function parseType(json: unknown, depth = 0): CtyType {
  if (depth > maxTypeDepth) throw new Error(`Type is nested deeper than ${maxTypeDepth} levels`);
  if (json === "string" || json === "number" || json === "bool" || json === "dynamic") return json;
  if (Array.isArray(json)) {
    const [kind, inner] = json as unknown[];
    if ((kind === "list" || kind === "set" || kind === "map") && json.length === 2) {
      return [kind, parseType(inner, depth + 1)];
    }
    if (kind === "tuple" && json.length === 2 && Array.isArray(inner)) {
      return ["tuple", inner.map((element) => parseType(element, depth + 1))];
    }
    // The third element, names of optional attributes, only occurs in type constraints and changes no value.
    if (kind === "object" && json.length <= 3 && typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      // Without a prototype, "__proto__" is an attribute name like any other.
      const attributes: Record<string, CtyType> = Object.create(null) as Record<string, CtyType>;
      for (const [name, type] of Object.entries(inner)) attributes[name] = parseType(type, depth + 1);
      return ["object", attributes];
    }
  }
  throw new Error(`Not a type: ${excerpt(json)}`);
}

function excerpt(json: unknown): string {
  const text = JSON.stringify(json) ?? String(json);
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
