import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import type { Block, Schema } from "../../provider-shim/protocol/schema.ts";

/** Where Terraform finds the provider when a configuration says `imagesync/imagesync`. */
export const providerAddress = "registry.terraform.io/imagesync/imagesync";

interface BlockDocument {
  readonly attributes: Readonly<Record<string, object>>;
  readonly block_types?: Readonly<Record<string, object>>;
  readonly description: string;
  readonly description_kind: "markdown";
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
  const attributes = Object.entries(block.attributes).map(([name, { deprecated, ...attribute }]) => [
    name,
    { ...attribute, description_kind: "markdown", ...(deprecated === undefined ? {} : { deprecated: true }) },
  ]);
  const nested = Object.entries(block.blocks ?? {}).map(([name, { nesting, block, min, max }]) => [
    name,
    {
      nesting_mode: nesting,
      block: blockDocument(block),
      ...(min === undefined ? {} : { min_items: min }),
      ...(max === undefined ? {} : { max_items: max }),
    },
  ]);
  return {
    attributes: Object.fromEntries(attributes) as Record<string, object>,
    ...(nested.length === 0 ? {} : { block_types: Object.fromEntries(nested) as Record<string, object> }),
    description: block.description,
    description_kind: "markdown",
  };
}
