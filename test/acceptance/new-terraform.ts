import { onTestFinished } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createLogger } from "../../provider-shim/log.ts";
import type { Configured } from "../../provider-shim/configure.ts";
import { serveReattach } from "../../provider-shim/plugin/reattach.ts";
import type { Message } from "../../provider-shim/protocol/messages.ts";
import type { ResourceDefinition } from "../../provider-shim/protocol/resource.ts";
import { schemaType } from "../../provider-shim/protocol/schema.ts";
import { decodeValue } from "../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../provider-shim/protocol/value-encode.ts";
import { objectValue, type ObjectValue, type Value } from "../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage } from "../../provider-shim/protocol/wire.ts";
import { providerSchema } from "../../provider-shim/provider-schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { imagesync } from "../../provider-shim/resources/imagesync.ts";
import { imagesyncRepository } from "../../provider-shim/resources/imagesync-repository.ts";
import { clientFor } from "../provider-shim/plugin/grpc-client.ts";

type ResourceType = "imagesync" | "imagesync_repository";

const resources: Readonly<Record<ResourceType, ResourceDefinition<Configured>>> = {
  imagesync,
  imagesync_repository: imagesyncRepository,
};

/** What a plan has answered. */
interface Planned {
  readonly planned: ObjectValue;
  readonly bytes: Uint8Array;
  readonly private: Uint8Array;
}

/** Terraform 1.16 as its protocol 6.11 describes it: it hands the plan's private bytes to the plan during apply. */
export interface NewTerraform {
  /** Plans a create; with `plannedPrivate` as it is done during apply. */
  plan(config: ObjectValue, plannedPrivate?: Uint8Array): Promise<Planned>;
  /** Creates what was planned. */
  apply(config: ObjectValue, planned: Planned): Promise<ObjectValue>;
}

/** A provider in a process of its own, as it were, that knows these registries. */
export async function startNewTerraform(type: ResourceType, hosts: readonly string[]): Promise<NewTerraform> {
  const redactor = createRedactor();
  const provider = createProvider({ version: "0.0.0", environment: {}, redactor });
  const served = await serveReattach({ provider, log: createLogger({ write: () => undefined }), protocol: 6 });
  onTestFinished(() => served.close());
  const [attachment] = Object.values(JSON.parse(served.reattach) as Record<string, { Addr: { String: string } }>);
  const client = clientFor(`unix:${attachment?.Addr.String}`);
  onTestFinished(() => client.close());
  const registries = hosts.map((address) =>
    objectValue({ ...blank(providerSchema.block.blocks?.["registry"]?.block.attributes), address, plain_http: true }),
  );
  const config = objectValue({
    ...blank(providerSchema.block.attributes),
    registry_auth: [],
    registry: registries,
  });
  await client.unary(
    "/tfplugin6.Provider/ConfigureProvider",
    encodeMessage(6, "ConfigureProviderRequest", {
      terraform_version: "1.16.0",
      config: { msgpack: encodeValue(schemaType(providerSchema.block), config) },
    }),
  );
  const blockType = schemaType(resources[type].schema.block);
  const dynamic = (value: ObjectValue | null): { msgpack: Uint8Array } => ({ msgpack: encodeValue(blockType, value) });
  const decoded = (bytes: Uint8Array): ObjectValue => decodeValue(blockType, bytes) as ObjectValue;
  return {
    plan: async (config, plannedPrivate) => {
      const request = encodeMessage(6, "PlanResourceChangeRequest", {
        type_name: type,
        prior_state: dynamic(null),
        proposed_new_state: dynamic(config),
        config: dynamic(config),
        client_capabilities: { store_planned_private: true },
        ...(plannedPrivate ? { planned_private: plannedPrivate } : {}),
      });
      const bytes = await client.unary("/tfplugin6.Provider/PlanResourceChange", request);
      const answer = decodeMessage(6, "PlanResourceChangeResponse", bytes);
      refuseErrors(answer.diagnostics);
      const planned = answer.planned_state?.msgpack ?? new Uint8Array();
      return { planned: decoded(planned), bytes: planned, private: answer.planned_private };
    },
    apply: async (config, planned) => {
      const request = encodeMessage(6, "ApplyResourceChangeRequest", {
        type_name: type,
        prior_state: dynamic(null),
        planned_state: { msgpack: planned.bytes },
        config: dynamic(config),
        planned_private: planned.private,
      });
      const bytes = await client.unary("/tfplugin6.Provider/ApplyResourceChange", request);
      const applied = decodeMessage(6, "ApplyResourceChangeResponse", bytes);
      refuseErrors(applied.diagnostics);
      return decoded(applied.new_state?.msgpack ?? new Uint8Array());
    },
  };
}

/** Terraform goes on beside warnings, and not beside errors. */
function refuseErrors(diagnostics: readonly Message<"Diagnostic">[]): void {
  const errors = diagnostics.filter(({ severity }) => severity === 1);
  if (errors.length > 0) throw new Error(errors.map(({ summary, detail }) => `${summary}: ${detail}`).join("\n"));
}

/** A configuration of the resource: what is not given is null. */
export function configured(type: ResourceType, values: Readonly<Record<string, Value>>): ObjectValue {
  const { attributes, blocks } = resources[type].schema.block;
  return objectValue({ ...blank(attributes), ...blank(blocks), ...values });
}

function blank(names: object | undefined): Record<string, null> {
  return Object.fromEntries(Object.keys(names ?? {}).map((name) => [name, null]));
}
