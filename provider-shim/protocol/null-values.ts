import { type AttributePath, attributePath, type Diagnostics } from "./diagnostics.ts";
import type { Block, NestedBlock } from "./schema.ts";
import type { ObjectValue, Value } from "./value.ts";

/**
 * Reports a required attribute that is null, and null among the elements of a list or set. Terraform leaves both to
 * providers: it looks whether a required attribute is written, not whether what is written there has a value. Values of
 * maps may be null.
 */
export function refuseNull(
  block: Block,
  config: ObjectValue,
  diagnostics: Diagnostics,
  within: AttributePath = [],
): void {
  for (const [name, { required, type }] of Object.entries(block.attributes)) {
    const value = config[name];
    const path = [...within, ...attributePath(name)];
    if (required === true && value === null) {
      diagnostics.error(
        `Missing ${name}`,
        `"${name}" is null, and has to have a value. Look where it is taken from: a variable or an attribute that is not set is null.`,
        path,
      );
    }
    if (Array.isArray(type) && type[0] !== "map" && Array.isArray(value) && value.includes(null)) {
      diagnostics.error(
        `Invalid ${name}`,
        `One of the elements is null. Leave it out, for instance by "${name} = compact([…])".`,
        path,
      );
    }
  }
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    elements(config[name]).forEach((element, position) => {
      refuseNull(nested.block, element, diagnostics, [...within, ...pathOf(name, nested, position)]);
    });
  }
}

function elements(value: Value | undefined): readonly ObjectValue[] {
  const all = Array.isArray(value) ? (value as readonly Value[]) : [value];
  return all.filter(
    (each): each is ObjectValue =>
      typeof each === "object" && each !== null && !Array.isArray(each) && !(each instanceof Map),
  );
}

/** An element of a set has no place of its own. */
function pathOf(name: string, { nesting }: NestedBlock, position: number): AttributePath {
  return nesting === "list" ? attributePath(name, position) : attributePath(name);
}
