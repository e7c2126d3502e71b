import type { CtyType } from "../../provider-shim/protocol/cty-type.ts";

/** A type as the Registry's pages write it beside an attribute: `Set of String`. */
export function typeWords(type: CtyType): string {
  if (typeof type !== "string") {
    const [kind, inner] = type;
    return kind === "object" || kind === "tuple" ? capitalised(kind) : `${capitalised(kind)} of ${typeWords(inner)}`;
  }
  return type === "bool" ? "Boolean" : capitalised(type);
}

/** A type as it stands in the signature of a function: `set of string`. */
export function typeInSignature(type: CtyType): string {
  if (typeof type === "string") return type;
  const [kind, inner] = type;
  return kind === "object" || kind === "tuple" ? kind : `${kind} of ${typeInSignature(inner)}`;
}

/** The attributes of an object, or of the objects in a collection; undefined for every other type. */
export function objectAttributes(type: CtyType): Readonly<Record<string, CtyType>> | undefined {
  if (typeof type === "string" || type[0] === "tuple") return undefined;
  if (type[0] === "object") return type[1];
  const [, element] = type;
  return typeof element !== "string" && element[0] === "object" ? element[1] : undefined;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
