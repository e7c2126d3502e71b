import { definitionOf, requireBlock, requireProvider, type Rpc } from "./call.ts";
import { blockFromDynamicValue, blockToDynamicValue } from "./dynamic-value.ts";
import { refuseNull } from "./null-values.ts";
import { refuseReadOnly } from "./read-only.ts";

/** The calls about data sources. */
export interface DataSourceRpcs<P> {
  readonly ValidateDataResourceConfig: Rpc<"ValidateConfigRequest", "DiagnosticsResponse", P>;
  readonly ReadDataSource: Rpc<"ReadDataSourceRequest", "ReadDataSourceResponse", P>;
}

/** Builds the calls about data sources. */
export function dataSourceRpcs<P>(): DataSourceRpcs<P> {
  return {
    ValidateDataResourceConfig: {
      request: "ValidateConfigRequest",
      response: "DiagnosticsResponse",
      action: "validate data source",
      async handle(request, { definition, context }) {
        const type = definitionOf(definition.dataSources, request.type_name, context);
        const config = requireBlock(blockFromDynamicValue(type.schema, request.config), "configuration", context);
        refuseReadOnly(type.schema.block, config, context.diagnostics);
        refuseNull(type.schema.block, config, context.diagnostics);
        await type.validate(config, context);
        return {};
      },
    },

    ReadDataSource: {
      request: "ReadDataSourceRequest",
      response: "ReadDataSourceResponse",
      action: "read data source",
      async handle(request, call) {
        const { definition, context } = call;
        const type = definitionOf(definition.dataSources, request.type_name, context);
        const config = requireBlock(blockFromDynamicValue(type.schema, request.config), "configuration", context);
        const state = await type.read({ config, provider: requireProvider(call) }, context);
        return { state: blockToDynamicValue(type.schema, state) };
      },
    },
  };
}
