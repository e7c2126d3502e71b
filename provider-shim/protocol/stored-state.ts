import { definitionOf, fail, requireBlock, type Rpc } from "./call.ts";
import { blockToDynamicValue } from "./dynamic-value.ts";
import type { Message } from "./messages.ts";
import type { Context, ResourceDefinition } from "./resource.ts";
import { schemaType } from "./schema.ts";
import { parseJson, valueFromJson } from "./value-json.ts";
import type { ObjectValue } from "./value.ts";

/** A state as Terraform stores it: JSON in the form of some version of a type's schema. */
interface StoredState {
  readonly name: string;
  readonly version: number;
  readonly raw: Message<"RawState"> | undefined;
}

/** Terraform asks for every resource in every command, also when the state has the schema's version already. */
export async function upgradedState<P>(
  type: ResourceDefinition<P>,
  stored: StoredState,
  context: Context,
): Promise<ObjectValue> {
  const state = parsedState(stored, context);
  if (stored.version !== type.schema.version) return type.upgrade({ version: stored.version, state }, context);
  const value = valueFromJson(schemaType(type.schema.block), state);
  // The type is that of an object, and states are never null or unknown.
  return requireBlock(value as ObjectValue | null, "state", context);
}

/**
 * Builds the call behind a `moved` block from another type or another provider. Terraform makes it with no configured
 * provider. What another provider remembers in its private bytes says nothing here, and is left behind.
 */
export function moveResourceState<P>(): Rpc<"MoveResourceStateRequest", "MoveResourceStateResponse", P> {
  return {
    request: "MoveResourceStateRequest",
    response: "MoveResourceStateResponse",
    action: "move an object to",
    async handle(request, { definition, context }) {
      const { source_type_name: from, target_type_name: to, source_schema_version: version } = request;
      const type = definitionOf(definition.resources, to, context);
      const stored = { name: from, version, raw: request.source_state };
      if (from === to) {
        // The same type of a provider that was published elsewhere, or by somebody else before.
        const upgraded = await upgradedState(type, stored, context);
        return { target_state: blockToDynamicValue(type.schema, upgraded), target_private: request.source_private };
      }
      if (!type.move) {
        fail(
          context.diagnostics,
          "Object cannot be moved here",
          `An object of the type "${from}" cannot become a "${to}". Remove the moved block, take the object out of the state by a removed block with destroy = false, and import it.`,
        );
      }
      const state = parsedState(stored, context);
      const provider = request.source_provider_address;
      const moved = await type.move({ provider, type: from, version, state }, context);
      return { target_state: blockToDynamicValue(type.schema, moved) };
    },
  };
}

function parsedState({ name, raw }: StoredState, { diagnostics }: Context): unknown {
  const json = raw?.json ?? new Uint8Array();
  if (json.length > 0) return parseJson(json);
  return fail(
    diagnostics,
    `State of "${name}" cannot be read`,
    "It was written by Terraform 0.11 or older. Refresh it with Terraform 0.12 first.",
  );
}
