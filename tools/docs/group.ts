import type { AttributeDocument, BlockDocument, NestedBlockDocument } from "../cdktf/provider-document.ts";

/** The groups of a schema on a page, in their order. */
export const groups = ["Required", "Optional", "Read-Only"] as const;

export type Group = (typeof groups)[number];

/** Where an attribute stands. What is optional and computed may be written, and so is optional. */
export function attributeGroup({ required, optional }: AttributeDocument): Group {
  if (required === true) return "Required";
  return optional === true ? "Optional" : "Read-Only";
}

/** Where a block stands: what nobody can write anything into is read-only. */
export function blockGroup({ block, min_items = 0, max_items = 0 }: NestedBlockDocument): Group {
  if (min_items > 0) return "Required";
  return isWritable(block) || max_items > 0 ? "Optional" : "Read-Only";
}

function isWritable({ attributes = {}, block_types = {} }: BlockDocument): boolean {
  const inside = [
    ...Object.values(attributes).map(attributeGroup),
    ...Object.values(block_types).map((nested) => blockGroup(nested)),
  ];
  return inside.length === 0 || inside.some((group) => group !== "Read-Only");
}
