import { definitionOf, requireBlock, requireProvider, type Call, type Rpc } from "./call.ts";
import { applyResourceChange } from "./apply-rpc.ts";
import { blockFromDynamicValue, blockToDynamicValue } from "./dynamic-value.ts";
import { stepMessage } from "./error-diagnostic.ts";
import type { Message, MessageInit } from "./messages.ts";
import { refuseNull } from "./null-values.ts";
import { refuseReadOnly } from "./read-only.ts";
import { moveResourceState, upgradedState } from "./stored-state.ts";
import type { ObjectValue } from "./value.ts";

/** The calls about managed resources. */
export interface ResourceRpcs<P> {
  readonly ValidateResourceConfig: Rpc<"ValidateConfigRequest", "DiagnosticsResponse", P>;
  readonly UpgradeResourceState: Rpc<"UpgradeResourceStateRequest", "UpgradeResourceStateResponse", P>;
  readonly MoveResourceState: Rpc<"MoveResourceStateRequest", "MoveResourceStateResponse", P>;
  readonly ReadResource: Rpc<"ReadResourceRequest", "ReadResourceResponse", P>;
  readonly PlanResourceChange: Rpc<"PlanResourceChangeRequest", "PlanResourceChangeResponse", P>;
  readonly ApplyResourceChange: Rpc<"ApplyResourceChangeRequest", "ApplyResourceChangeResponse", P>;
  readonly ImportResourceState: Rpc<"ImportResourceStateRequest", "ImportResourceStateResponse", P>;
}

/** Builds the calls about managed resources. */
export function resourceRpcs<P>(): ResourceRpcs<P> {
  return {
    ValidateResourceConfig: {
      request: "ValidateConfigRequest",
      response: "DiagnosticsResponse",
      action: "validate",
      async handle(request, { definition, context }) {
        const type = definitionOf(definition.resources, request.type_name, context);
        const config = requireBlock(blockFromDynamicValue(type.schema, request.config), "configuration", context);
        refuseReadOnly(type.schema.block, config, context.diagnostics);
        refuseNull(type.schema.block, config, context.diagnostics);
        await type.validate(config, context);
        return {};
      },
    },

    UpgradeResourceState: {
      request: "UpgradeResourceStateRequest",
      response: "UpgradeResourceStateResponse",
      action: "upgrade the state of",
      async handle(request, { definition, context }) {
        const type = definitionOf(definition.resources, request.type_name, context);
        const { type_name: name, version, raw_state: raw } = request;
        const state = await upgradedState(type, { name, version, raw }, context);
        return { upgraded_state: blockToDynamicValue(type.schema, state) };
      },
    },

    MoveResourceState: moveResourceState(),

    ReadResource: {
      request: "ReadResourceRequest",
      response: "ReadResourceResponse",
      action: "read",
      handle: readResource,
      failed: keepState,
    },

    PlanResourceChange: {
      request: "PlanResourceChangeRequest",
      response: "PlanResourceChangeResponse",
      action: "plan",
      handle: planResourceChange,
      failed: (request) => ({ planned_state: request.prior_state, planned_private: request.prior_private }),
    },

    ApplyResourceChange: applyResourceChange(),

    ImportResourceState: {
      request: "ImportResourceStateRequest",
      response: "ImportResourceStateResponse",
      action: "import",
      async handle(request, call) {
        const { definition, context } = call;
        const type = definitionOf(definition.resources, request.type_name, context);
        const imported = await type.importState({ id: request.id, provider: requireProvider(call) }, context);
        if (context.diagnostics.hasErrors) return {};
        const state = blockToDynamicValue(type.schema, imported.state);
        return { imported_resources: [{ type_name: request.type_name, state, private: imported.private }] };
      },
    },
  };
}

/** The answer that changes nothing, as an absent state would tell Terraform that the object is gone. */
function keepState(request: Message<"ReadResourceRequest">): MessageInit<"ReadResourceResponse"> {
  return { new_state: request.current_state, private: request.private };
}

async function readResource<P>(
  request: Message<"ReadResourceRequest">,
  call: Call<P>,
): Promise<MessageInit<"ReadResourceResponse">> {
  const { definition, context } = call;
  const type = definitionOf(definition.resources, request.type_name, context);
  const state = blockFromDynamicValue(type.schema, request.current_state);
  if (state === null) return keepState(request);
  const result = await type.read({ state, private: request.private, provider: requireProvider(call) }, context);
  if (context.diagnostics.hasErrors) return keepState(request);
  return {
    new_state: blockToDynamicValue(type.schema, presentOrNull(result.state)),
    private: result.private ?? request.private,
  };
}

async function planResourceChange<P>(
  request: Message<"PlanResourceChangeRequest">,
  call: Call<P>,
): Promise<MessageInit<"PlanResourceChangeResponse">> {
  const { definition, context } = call;
  const type = definitionOf(definition.resources, request.type_name, context);
  const proposed = blockFromDynamicValue(type.schema, request.proposed_new_state);
  const result = await type.plan(
    {
      prior: blockFromDynamicValue(type.schema, request.prior_state),
      proposed,
      config: blockFromDynamicValue(type.schema, request.config),
      private: request.prior_private,
      plannedPrivate: request.planned_private.length > 0 ? request.planned_private : undefined,
      storePlannedPrivate: request.client_capabilities?.store_planned_private ?? false,
      provider: call.configured?.provider,
    },
    context,
  );
  const planned = presentOrNull(result.planned);
  if ((planned === null) !== (proposed === null) && !context.diagnostics.hasErrors) {
    throw new Error(
      planned === null ? "The plan destroys what was to be kept" : "The plan keeps what was to be destroyed",
    );
  }
  return {
    planned_state: blockToDynamicValue(type.schema, planned),
    requires_replace: result.requiresReplace?.map((path) => ({ steps: path.map(stepMessage) })),
    planned_private: result.private ?? request.prior_private,
  };
}

/** Guards against a verb that forgot its answer: only a written null may mean that the object is gone. */
function presentOrNull(state: ObjectValue | null | undefined): ObjectValue | null {
  if (state === undefined) throw new Error("The answer has no state");
  return state;
}
