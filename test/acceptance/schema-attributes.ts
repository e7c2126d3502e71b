import type { Workspace } from "../support/terraform/index.ts";
import { providerAddress } from "../support/terraform/index.ts";

/** An attribute of the provider, of a resource or of a data source, as terraform knows it. */
export interface SchemaAttribute {
  /** For example `provider.registry_auth.address` or `imagesync.timeouts.create`. */
  readonly path: string;
  readonly type: unknown;
  /** Computed alone is what only the provider can set. */
  readonly use: "required" | "optional" | "optional, computed" | "computed";
  readonly sensitive: boolean;
  readonly description: string;
}

/** A block in the document of `terraform providers schema -json`, as far as tests look into it. */
export interface BlockDocument {
  readonly description?: string;
  readonly attributes?: Readonly<
    Record<
      string,
      {
        readonly type: unknown;
        readonly required?: boolean;
        readonly optional?: boolean;
        readonly computed?: boolean;
        readonly sensitive?: boolean;
        readonly write_only?: boolean;
        readonly description?: string;
      }
    >
  >;
  readonly block_types?: Readonly<
    Record<
      string,
      {
        readonly nesting_mode: string;
        readonly block: BlockDocument;
        readonly min_items?: number;
        readonly max_items?: number;
      }
    >
  >;
}

interface SchemaDocument {
  readonly version: number;
  readonly block: BlockDocument;
}

interface FunctionDocument {
  readonly description?: string;
  readonly return_type: unknown;
  readonly parameters?: readonly { readonly name: string; readonly type: unknown; readonly description?: string }[];
}

/** The document of `terraform providers schema -json` about one provider. */
export interface ProviderDocument {
  readonly provider: SchemaDocument;
  readonly resource_schemas: Readonly<Record<string, SchemaDocument>>;
  readonly data_source_schemas: Readonly<Record<string, SchemaDocument>>;
  readonly functions: Readonly<Record<string, FunctionDocument>>;
}

/** What terraform says of the provider. */
export async function providerDocument(workspace: Workspace): Promise<ProviderDocument> {
  const { stdout } = await workspace.must(["providers", "schema", "-json"]);
  const schemas = (JSON.parse(stdout) as { provider_schemas: Readonly<Record<string, ProviderDocument>> })
    .provider_schemas;
  const schema = schemas[providerAddress];
  if (schema === undefined)
    throw new Error(`There is no schema of ${providerAddress}, only of ${Object.keys(schemas).join()}`);
  return schema;
}

/** Every attribute that the provider declares, by the word of `terraform providers schema -json`. */
export async function schemaAttributes(workspace: Workspace): Promise<readonly SchemaAttribute[]> {
  const schema = await providerDocument(workspace);
  return [
    ...attributesOf("provider", schema.provider.block),
    ...Object.entries(schema.resource_schemas).flatMap(([type, { block }]) => attributesOf(type, block)),
    ...Object.entries(schema.data_source_schemas).flatMap(([type, { block }]) => attributesOf(`data.${type}`, block)),
  ];
}

function attributesOf(prefix: string, block: BlockDocument): readonly SchemaAttribute[] {
  return [
    ...Object.entries(block.attributes ?? {}).map(([name, attribute]) => ({
      path: `${prefix}.${name}`,
      type: attribute.type,
      use: useOf(attribute),
      sensitive: attribute.sensitive === true,
      description: attribute.description ?? "",
    })),
    ...Object.entries(block.block_types ?? {}).flatMap(([name, nested]) =>
      attributesOf(`${prefix}.${name}`, nested.block),
    ),
  ];
}

function useOf(attribute: { required?: boolean; optional?: boolean; computed?: boolean }): SchemaAttribute["use"] {
  if (attribute.required === true) return "required";
  if (attribute.optional !== true) return "computed";
  return attribute.computed === true ? "optional, computed" : "optional";
}
