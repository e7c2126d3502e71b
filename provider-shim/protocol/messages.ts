/**
 * Every message that the provider reads or writes, by field: number and kind. The names are those of Terraform's plugin
 * protocol 6; protocol 5 differs in the few places that `wire.ts` and `rpc-names.ts` list.
 * https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
 *
 * Kinds: `int` (int64 or enum), `bool`, `bytes`, `string`, or the name of a message. `X[]` is repeated, `{X}` a map from
 * strings, `X?` a scalar that is sent even when it is zero (a member of a oneof).
 */
export const messages = {
  Empty: {},
  DynamicValue: { msgpack: [1, "bytes"], json: [2, "bytes"] },
  Step: { attribute_name: [1, "string?"], element_key_string: [2, "string?"], element_key_int: [3, "int?"] },
  AttributePath: { steps: [1, "Step[]"] },
  Diagnostic: { severity: [1, "int"], summary: [2, "string"], detail: [3, "string"], attribute: [4, "AttributePath"] },
  RawState: { json: [1, "bytes"], flatmap: [2, "{string}"] },

  Schema: { version: [1, "int"], block: [2, "Block"] },
  Block: {
    version: [1, "int"],
    attributes: [2, "Attribute[]"],
    block_types: [3, "NestedBlock[]"],
    description: [4, "string"],
    description_kind: [5, "int"],
    deprecated: [6, "bool"],
    deprecation_message: [7, "string"],
  },
  Attribute: {
    name: [1, "string"],
    type: [2, "bytes"],
    description: [3, "string"],
    required: [4, "bool"],
    optional: [5, "bool"],
    computed: [6, "bool"],
    sensitive: [7, "bool"],
    description_kind: [8, "int"],
    deprecated: [9, "bool"],
    write_only: [11, "bool"],
    deprecation_message: [12, "string"],
  },
  NestedBlock: {
    type_name: [1, "string"],
    block: [2, "Block"],
    nesting: [3, "int"],
    min_items: [4, "int"],
    max_items: [5, "int"],
  },
  Function: {
    parameters: [1, "Parameter[]"],
    variadic_parameter: [2, "Parameter"],
    return: [3, "Return"],
    summary: [4, "string"],
    description: [5, "string"],
    description_kind: [6, "int"],
    deprecation_message: [7, "string"],
  },
  Parameter: {
    name: [1, "string"],
    type: [2, "bytes"],
    allow_null_value: [3, "bool"],
    allow_unknown_values: [4, "bool"],
    description: [5, "string"],
    description_kind: [6, "int"],
  },
  Return: { type: [1, "bytes"] },
  FunctionError: { text: [1, "string"], function_argument: [2, "int?"] },
  ServerCapabilities: {
    plan_destroy: [1, "bool"],
    get_provider_schema_optional: [2, "bool"],
    move_resource_state: [3, "bool"],
    generate_resource_config: [4, "bool"],
  },
  ClientCapabilities: {
    deferral_allowed: [1, "bool"],
    write_only_attributes_allowed: [2, "bool"],
    store_planned_private: [3, "bool"],
    computed_blocks_allowed: [4, "bool"],
  },
  TypeName: { name: [1, "string"] },

  GetMetadataResponse: {
    server_capabilities: [1, "ServerCapabilities"],
    diagnostics: [2, "Diagnostic[]"],
    data_sources: [3, "TypeName[]"],
    resources: [4, "TypeName[]"],
    functions: [5, "TypeName[]"],
  },
  GetProviderSchemaResponse: {
    provider: [1, "Schema"],
    resource_schemas: [2, "{Schema}"],
    data_source_schemas: [3, "{Schema}"],
    diagnostics: [4, "Diagnostic[]"],
    server_capabilities: [6, "ServerCapabilities"],
    functions: [7, "{Function}"],
  },
  GetResourceIdentitySchemasResponse: { diagnostics: [2, "Diagnostic[]"] },
  GetFunctionsResponse: { functions: [1, "{Function}"], diagnostics: [2, "Diagnostic[]"] },

  ValidateProviderConfigRequest: { config: [1, "DynamicValue"] },
  // prepared_config is protocol 5's; protocol 6 has no field 1.
  ValidateProviderConfigResponse: { prepared_config: [1, "DynamicValue"], diagnostics: [2, "Diagnostic[]"] },
  ConfigureProviderRequest: {
    terraform_version: [1, "string"],
    config: [2, "DynamicValue"],
    client_capabilities: [3, "ClientCapabilities"],
  },
  DiagnosticsResponse: { diagnostics: [1, "Diagnostic[]"] },
  ValidateConfigRequest: {
    type_name: [1, "string"],
    config: [2, "DynamicValue"],
    client_capabilities: [3, "ClientCapabilities"],
  },
  StopProviderResponse: { error: [1, "string"] },

  UpgradeResourceStateRequest: { type_name: [1, "string"], version: [2, "int"], raw_state: [3, "RawState"] },
  UpgradeResourceStateResponse: { upgraded_state: [1, "DynamicValue"], diagnostics: [2, "Diagnostic[]"] },
  MoveResourceStateRequest: {
    source_provider_address: [1, "string"],
    source_type_name: [2, "string"],
    source_schema_version: [3, "int"],
    source_state: [4, "RawState"],
    target_type_name: [5, "string"],
    source_private: [6, "bytes"],
  },
  MoveResourceStateResponse: {
    target_state: [1, "DynamicValue"],
    diagnostics: [2, "Diagnostic[]"],
    target_private: [3, "bytes"],
  },
  ReadResourceRequest: {
    type_name: [1, "string"],
    current_state: [2, "DynamicValue"],
    private: [3, "bytes"],
    client_capabilities: [5, "ClientCapabilities"],
  },
  ReadResourceResponse: {
    new_state: [1, "DynamicValue"],
    diagnostics: [2, "Diagnostic[]"],
    private: [3, "bytes"],
  },
  PlanResourceChangeRequest: {
    type_name: [1, "string"],
    prior_state: [2, "DynamicValue"],
    proposed_new_state: [3, "DynamicValue"],
    config: [4, "DynamicValue"],
    prior_private: [5, "bytes"],
    client_capabilities: [7, "ClientCapabilities"],
    planned_private: [9, "bytes"],
  },
  PlanResourceChangeResponse: {
    planned_state: [1, "DynamicValue"],
    requires_replace: [2, "AttributePath[]"],
    planned_private: [3, "bytes"],
    diagnostics: [4, "Diagnostic[]"],
  },
  ApplyResourceChangeRequest: {
    type_name: [1, "string"],
    prior_state: [2, "DynamicValue"],
    planned_state: [3, "DynamicValue"],
    config: [4, "DynamicValue"],
    planned_private: [5, "bytes"],
  },
  ApplyResourceChangeResponse: {
    new_state: [1, "DynamicValue"],
    private: [2, "bytes"],
    diagnostics: [3, "Diagnostic[]"],
  },
  ImportResourceStateRequest: {
    type_name: [1, "string"],
    id: [2, "string"],
    client_capabilities: [3, "ClientCapabilities"],
  },
  ImportedResource: { type_name: [1, "string"], state: [2, "DynamicValue"], private: [3, "bytes"] },
  ImportResourceStateResponse: { imported_resources: [1, "ImportedResource[]"], diagnostics: [2, "Diagnostic[]"] },

  ReadDataSourceRequest: {
    type_name: [1, "string"],
    config: [2, "DynamicValue"],
    client_capabilities: [4, "ClientCapabilities"],
  },
  ReadDataSourceResponse: { state: [1, "DynamicValue"], diagnostics: [2, "Diagnostic[]"] },

  CallFunctionRequest: { name: [1, "string"], arguments: [2, "DynamicValue[]"] },
  CallFunctionResponse: { result: [1, "DynamicValue"], error: [2, "FunctionError"] },
} as const;

type Messages = typeof messages;

/** Name of a message in the table. */
export type MessageName = keyof Messages;

interface Scalars {
  int: number;
  bool: boolean;
  bytes: Uint8Array;
  string: string;
}

type KindOf<Field> = Field extends readonly [number, infer Kind] ? Kind : never;

type Single<Kind> = Kind extends keyof Scalars ? Scalars[Kind] : Kind extends MessageName ? Message<Kind> : never;

type Decoded<Kind> = Kind extends `${infer Element}[]`
  ? readonly Single<Element>[]
  : Kind extends `{${infer Element}}`
    ? ReadonlyMap<string, Single<Element>>
    : Kind extends `${infer Scalar}?`
      ? Single<Scalar> | undefined
      : Kind extends keyof Scalars
        ? Scalars[Kind]
        : Single<Kind> | undefined;

/** A decoded message: an absent scalar has its zero value, an absent message is undefined. */
export type Message<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name]]: Decoded<KindOf<Messages[Name][Field]>>;
};

type SingleInit<Kind> = Kind extends keyof Scalars
  ? Scalars[Kind]
  : Kind extends MessageName
    ? MessageInit<Kind>
    : never;

type Init<Kind> = Kind extends `${infer Element}[]`
  ? readonly SingleInit<Element>[]
  : Kind extends `{${infer Element}}`
    ? ReadonlyMap<string, SingleInit<Element>>
    : Kind extends `${infer Scalar}?`
      ? SingleInit<Scalar>
      : SingleInit<Kind>;

/** A message to encode: every field may be left out. */
export type MessageInit<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name]]?: Init<KindOf<Messages[Name][Field]>> | undefined;
};
