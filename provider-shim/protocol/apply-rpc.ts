import { definitionOf, requireProvider, type Call, type Rpc } from "./call.ts";
import { blockFromDynamicValue, blockToDynamicValue } from "./dynamic-value.ts";
import type { Message, MessageInit } from "./messages.ts";

/**
 * ApplyResourceChange: creates, updates or destroys. Its answer is what Terraform stores, so each failure has the answer
 * that forgets nothing: the prior state after a failed update or destroy, unless the resource says what of it was done,
 * and after a failed create what the resource says exists, or nothing.
 */
export function applyResourceChange<P>(): Rpc<"ApplyResourceChangeRequest", "ApplyResourceChangeResponse", P> {
  return {
    request: "ApplyResourceChangeRequest",
    response: "ApplyResourceChangeResponse",
    action: "apply",
    handle,
    failed: keepPrior,
  };
}

/** For a create the prior state is null: nothing is stored. */
function keepPrior(request: Message<"ApplyResourceChangeRequest">): MessageInit<"ApplyResourceChangeResponse"> {
  return { new_state: request.prior_state, private: request.planned_private };
}

async function handle<P>(
  request: Message<"ApplyResourceChangeRequest">,
  call: Call<P>,
): Promise<MessageInit<"ApplyResourceChangeResponse">> {
  const { definition, context } = call;
  const type = definitionOf(definition.resources, request.type_name, context);
  const prior = blockFromDynamicValue(type.schema, request.prior_state);
  const planned = blockFromDynamicValue(type.schema, request.planned_state);
  const config = blockFromDynamicValue(type.schema, request.config);
  const result = await type.apply(
    { prior, planned, config, private: request.planned_private, provider: requireProvider(call) },
    context,
  );
  const failed = context.diagnostics.hasErrors;
  if (failed && prior !== null && result.partial !== true) return keepPrior(request);
  // Also a verb that forgot its answer may not make Terraform forget the object.
  const state = result.state ?? null;
  if (!failed && (state === null) !== (planned === null)) {
    throw new Error(
      planned === null ? "The answer to a destroy has a state" : "The answer to a create or update has no state",
    );
  }
  return {
    new_state: blockToDynamicValue(type.schema, state),
    private: result.private ?? request.planned_private,
  };
}
