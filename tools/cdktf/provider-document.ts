import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import type { CtyType } from "../../provider-shim/protocol/cty-type.ts";
import type { Block, Schema } from "../../provider-shim/protocol/schema.ts";

/** Where Terraform finds the provider when a configuration says `imagesync/imagesync`. */
export const providerAddress = "registry.terraform.io/imagesync/imagesync";

/** An attribute of a block. */
export interface AttributeDocument {
  readonly type: CtyType;
  readonly description: string;
  readonly description_kind: "markdown";
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  readonly deprecated?: boolean;
}

/** A block within a block. */
export interface NestedBlockDocument {
  readonly nesting_mode: "single" | "list" | "set";
  readonly block: BlockDocument;
  readonly min_items?: number;
  readonly max_items?: number;
}

/** A block; Terraform leaves out what is empty. */
export interface BlockDocument {
  readonly attributes?: Readonly<Record<string, AttributeDocument>>;
  readonly block_types?: Readonly<Record<string, NestedBlockDocument>>;
  readonly description: string;
  readonly description_kind: "markdown";
  readonly deprecated?: boolean;
}

interface SchemaDocument {
  readonly version: number;
  readonly block: BlockDocument;
}

/** What the provider declares, as `terraform providers schema -json` prints it; its functions are left out. */
export interface ProviderDocument {
  readonly format_version: "1.0";
  readonly provider_schemas: Readonly<
    Record<
      string,
      {
        readonly provider: SchemaDocument;
        readonly resource_schemas: Readonly<Record<string, SchemaDocument>>;
        readonly data_source_schemas: Readonly<Record<string, SchemaDocument>>;
      }
    >
  >;
}

/**
 * The document of the provider in this source tree, made from the tables that it also answers Terraform from, so that
 * bindings need no Terraform and cannot differ from the provider.
 * @see https://developer.hashicorp.com/terraform/cli/commands/providers/schema#format-summary
 */
export function providerDocument(): ProviderDocument {
  const provider = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
  return {
    format_version: "1.0",
    provider_schemas: {
      [providerAddress]: {
        provider: schemaDocument(provider.schema),
        resource_schemas: schemaDocuments(provider.resources),
        data_source_schemas: schemaDocuments(provider.dataSources),
      },
    },
  };
}

function schemaDocuments(
  types: Readonly<Record<string, { readonly schema: Schema }>>,
): Readonly<Record<string, SchemaDocument>> {
  return Object.fromEntries(Object.entries(types).map(([name, { schema }]) => [name, schemaDocument(schema)]));
}

function schemaDocument({ version, block }: Schema): SchemaDocument {
  return { version, block: blockDocument(block) };
}

function blockDocument(block: Block): BlockDocument {
  const kind = "markdown";
  const attributes = Object.entries(block.attributes).map(
    ([name, { deprecated, ...attribute }]): [string, AttributeDocument] => [
      name,
      { ...attribute, description_kind: kind, ...(deprecated === undefined ? {} : { deprecated: true }) },
    ],
  );
  const nested = Object.entries(block.blocks ?? {}).map(
    ([name, { nesting, block, min, max }]): [string, NestedBlockDocument] => [
      name,
      {
        nesting_mode: nesting,
        block: blockDocument(block),
        ...(min === undefined ? {} : { min_items: min }),
        ...(max === undefined ? {} : { max_items: max }),
      },
    ],
  );
  return {
    attributes: Object.fromEntries(attributes),
    ...(nested.length === 0 ? {} : { block_types: Object.fromEntries(nested) }),
    description: block.description,
    description_kind: kind,
    ...(block.deprecated === undefined ? {} : { deprecated: true }),
  };
}
