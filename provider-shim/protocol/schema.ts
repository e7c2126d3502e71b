import type { CtyType } from "./cty-type.ts";
import type { MessageInit } from "./messages.ts";
import { objectValue, type ObjectValue, type Value } from "./value.ts";

/** An attribute of a block. Either required, or optional, or computed, or optional and computed. */
interface Attribute {
  readonly type: CtyType;
  /** Markdown, shown in documentation and editors. */
  readonly description: string;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  /** Terraform hides the value in its output; it still is in the state. */
  readonly sensitive?: boolean;
  /** Marks the attribute as deprecated and says what to use instead. */
  readonly deprecated?: string;
}

/** A block within a block. Protocol 5 knows no nested attributes, so all nesting is by blocks. */
export interface NestedBlock {
  /** single: null or one object; list and set: an array, empty when the block is absent. */
  readonly nesting: "single" | "list" | "set";
  readonly block: Block;
  /** How many a user must write at least, default 0. */
  readonly min?: number;
  /** How many a user may write at most, default 0: no limit. */
  readonly max?: number;
}

/** Attributes and nested blocks by their names. */
export interface Block {
  /** Markdown, shown in documentation and editors. */
  readonly description: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly blocks?: Readonly<Record<string, NestedBlock>>;
  readonly deprecated?: string;
}

/** What the user may write and what the state holds. `version` grows whenever stored states need an upgrade. */
export interface Schema {
  readonly version: number;
  readonly block: Block;
}

/** The type of a block's values, nested blocks included. */
export function schemaType(block: Block): CtyType {
  const types: Record<string, CtyType> = Object.create(null) as Record<string, CtyType>;
  for (const [name, attribute] of Object.entries(block.attributes)) types[name] = attribute.type;
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    const inner = schemaType(nested.block);
    types[name] = nested.nesting === "single" ? inner : [nested.nesting, inner];
  }
  return ["object", types];
}

/**
 * The value with an empty array for each absent list or set of blocks, at every level: unlike attributes, these are
 * never null for Terraform.
 */
export function completeBlock(block: Block, value: ObjectValue): ObjectValue {
  const complete: Record<string, Value> = { ...value };
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    const inner = value[name] ?? (nested.nesting === "single" ? null : []);
    const each = (element: Value): Value => (isPlainObject(element) ? completeBlock(nested.block, element) : element);
    complete[name] = Array.isArray(inner) ? inner.map(each) : each(inner);
  }
  return objectValue(complete);
}

function isPlainObject(value: Value): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

const markdown = 1;
const nestingNumbers = { single: 1, list: 2, set: 3 } as const;

/** The schema as Terraform's protocol carries it. */
export function schemaMessage(schema: Schema): MessageInit<"Schema"> {
  return { version: schema.version, block: { ...blockMessage(schema.block), version: schema.version } };
}

function blockMessage(block: Block): MessageInit<"Block"> {
  return {
    attributes: Object.entries(block.attributes).map(([name, attribute]) => ({
      name,
      type: Buffer.from(JSON.stringify(attribute.type)),
      description: attribute.description,
      description_kind: markdown,
      required: attribute.required,
      optional: attribute.optional,
      computed: attribute.computed,
      sensitive: attribute.sensitive,
      deprecated: attribute.deprecated !== undefined,
      deprecation_message: attribute.deprecated,
    })),
    block_types: Object.entries(block.blocks ?? {}).map(([type_name, nested]) => ({
      type_name,
      block: blockMessage(nested.block),
      nesting: nestingNumbers[nested.nesting],
      min_items: nested.min,
      max_items: nested.max,
    })),
    description: block.description,
    description_kind: markdown,
    deprecated: block.deprecated !== undefined,
    deprecation_message: block.deprecated,
  };
}
