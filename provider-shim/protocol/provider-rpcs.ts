import type { Rpc } from "./call.ts";
import { blockFromDynamicValue } from "./dynamic-value.ts";
import { functionMessages } from "./function-rpcs.ts";
import type { MessageInit } from "./messages.ts";
import { refuseNull } from "./null-values.ts";
import type { Context } from "./resource.ts";
import { schemaMessage, type Schema } from "./schema.ts";
import { objectValue } from "./value.ts";

/** The calls about the provider as a whole. */
export interface ProviderRpcs<P> {
  readonly GetMetadata: Rpc<"Empty", "GetMetadataResponse", P>;
  readonly GetProviderSchema: Rpc<"Empty", "GetProviderSchemaResponse", P>;
  readonly GetResourceIdentitySchemas: Rpc<"Empty", "GetResourceIdentitySchemasResponse", P>;
  readonly ValidateProviderConfig: Rpc<"ValidateProviderConfigRequest", "ValidateProviderConfigResponse", P>;
  readonly ConfigureProvider: Rpc<"ConfigureProviderRequest", "DiagnosticsResponse", P>;
}

/**
 * Without `plan_destroy` the provider is not asked about a destroy, and without `move_resource_state` not about objects
 * of other providers; with `get_provider_schema_optional` only the first process of a command has to send its schema.
 */
const capabilities: MessageInit<"ServerCapabilities"> = {
  plan_destroy: true,
  get_provider_schema_optional: true,
  move_resource_state: true,
};

/** Builds the calls about the provider as a whole. */
export function providerRpcs<P>(): ProviderRpcs<P> {
  return {
    GetMetadata: {
      request: "Empty",
      response: "GetMetadataResponse",
      action: "list the types of the provider",
      handle: (_request, { definition }) => ({
        server_capabilities: capabilities,
        resources: typeNames(definition.resources),
        data_sources: typeNames(definition.dataSources),
        functions: typeNames(definition.functions),
      }),
    },

    GetProviderSchema: {
      request: "Empty",
      response: "GetProviderSchemaResponse",
      action: "describe the provider",
      handle: (_request, { definition }) => ({
        provider: schemaMessage(definition.schema),
        resource_schemas: schemaMessages(definition.resources),
        data_source_schemas: schemaMessages(definition.dataSources),
        functions: functionMessages(definition.functions),
        server_capabilities: capabilities,
      }),
    },

    // No type has an identity: Terraform >= 1.12 asks all the same.
    GetResourceIdentitySchemas: {
      request: "Empty",
      response: "GetResourceIdentitySchemasResponse",
      action: "describe resource identities",
      handle: () => ({}),
    },

    ValidateProviderConfig: {
      request: "ValidateProviderConfigRequest",
      response: "ValidateProviderConfigResponse",
      action: "validate the provider configuration",
      async handle(request, { definition, context, protocol }) {
        const config = blockFromDynamicValue(definition.schema, request.config) ?? objectValue({});
        refuseNull(definition.schema.block, config, context.diagnostics);
        await definition.validate(config, context);
        // Protocol 5 lets a provider change its configuration here; the same bytes say that it does not.
        return protocol === 5 ? { prepared_config: request.config } : {};
      },
    },

    ConfigureProvider: {
      request: "ConfigureProviderRequest",
      response: "DiagnosticsResponse",
      action: "configure the provider",
      async handle(request, call) {
        const terraformVersion = request.terraform_version;
        const config = blockFromDynamicValue(call.definition.schema, request.config) ?? objectValue({});
        const context: Context = { ...call.context, terraformVersion };
        const provider = await call.definition.configure(config, context);
        if (!context.diagnostics.hasErrors) call.configure({ provider, terraformVersion });
        return {};
      },
    },
  };
}

function typeNames(definitions: Readonly<Record<string, unknown>>): { name: string }[] {
  return Object.keys(definitions).map((name) => ({ name }));
}

function schemaMessages(
  definitions: Readonly<Record<string, { readonly schema: Schema }>>,
): ReadonlyMap<string, MessageInit<"Schema">> {
  return new Map(Object.entries(definitions).map(([name, { schema }]) => [name, schemaMessage(schema)]));
}
