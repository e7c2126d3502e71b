import { describe, expect, onTestFinished, test } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createLogger } from "../../provider-shim/log.ts";
import { serveReattach } from "../../provider-shim/plugin/reattach.ts";
import { schemaType } from "../../provider-shim/protocol/schema.ts";
import { decodeValue } from "../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../provider-shim/protocol/value-encode.ts";
import { objectValue, type ObjectValue } from "../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage } from "../../provider-shim/protocol/wire.ts";
import { providerSchema } from "../../provider-shim/provider-schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { imagesyncSchema } from "../../provider-shim/resources/imagesync/schema.ts";
import { clientFor, type TestClient } from "../provider-shim/plugin/grpc-client.ts";
import { buildImage, fetchTree, push, treeOf } from "../support/images/index.ts";
import { openRegistry } from "./stage.ts";

const resourceType = schemaType(imagesyncSchema.block);
const providerType = schemaType(providerSchema.block);

/** Terraform 1.16 as its protocol 6.11 describes it: it hands the plan's private bytes to the plan during apply. */
async function provide(...hosts: readonly string[]): Promise<TestClient> {
  const redactor = createRedactor();
  const provider = createProvider({ version: "0.0.0", environment: {}, redactor });
  const served = await serveReattach({ provider, log: createLogger({ write: () => undefined }), protocol: 6 });
  onTestFinished(() => served.close());
  const [attachment] = Object.values(JSON.parse(served.reattach) as Record<string, { Addr: { String: string } }>);
  const client = clientFor(`unix:${attachment?.Addr.String}`);
  onTestFinished(() => client.close());
  const registries = hosts.map((address) => ({
    ...blank(providerSchema.block.blocks?.["registry"]?.block.attributes),
    address,
    plain_http: true,
  }));
  const config = objectValue({
    ...blank(providerSchema.block.attributes),
    registry_auth: [],
    registry: registries.map((registry) => objectValue(registry)),
  });
  await client.unary(
    "/tfplugin6.Provider/ConfigureProvider",
    encodeMessage(6, "ConfigureProviderRequest", {
      terraform_version: "1.16.0",
      config: { msgpack: encodeValue(providerType, config) },
    }),
  );
  return client;
}

function blank(attributes: object | undefined): Record<string, null> {
  return Object.fromEntries(Object.keys(attributes ?? {}).map((name) => [name, null]));
}

function dynamic(value: ObjectValue | null): { msgpack: Uint8Array } {
  return { msgpack: encodeValue(resourceType, value) };
}

async function plan(
  client: TestClient,
  config: ObjectValue,
  plannedPrivate?: Uint8Array,
): Promise<{ planned: ObjectValue; bytes: Uint8Array; private: Uint8Array }> {
  const request = encodeMessage(6, "PlanResourceChangeRequest", {
    type_name: "imagesync",
    prior_state: dynamic(null),
    proposed_new_state: dynamic(config),
    config: dynamic(config),
    client_capabilities: { store_planned_private: true },
    ...(plannedPrivate ? { planned_private: plannedPrivate } : {}),
  });
  const bytes = await client.unary("/tfplugin6.Provider/PlanResourceChange", request);
  const answer = decodeMessage(6, "PlanResourceChangeResponse", bytes);
  expect(answer.diagnostics).toEqual([]);
  const planned = answer.planned_state?.msgpack ?? new Uint8Array();
  return {
    planned: decodeValue(resourceType, planned) as ObjectValue,
    bytes: planned,
    private: answer.planned_private,
  };
}

describe("a create under a Terraform that keeps the plan's private bytes", () => {
  test("brings exactly the planned digest although the tag has moved before the second plan and the apply", async () => {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    const shown = buildImage({ seed: "shown in the plan", layers: [4000] });
    const later = buildImage({ seed: "pushed later", layers: [5000] });
    const upstream = { host: source.host, repository: "team/app", tag: "1.0" };
    await push(shown, upstream);
    const config = objectValue({
      ...blank(imagesyncSchema.block.attributes),
      timeouts: null,
      source: `${source.host}/team/app:1.0`,
      destination: `${destination.host}/mirror/app:1.0`,
    });

    const first = await plan(await provide(source.host, destination.host), config);
    expect(first.planned["id"]).toBe(`${destination.host}/mirror/app@${shown.digest}`);
    await push(later, upstream);

    // Another process, as in the real thing. Without the memory it answers with what the tag holds now.
    const second = await provide(source.host, destination.host);
    expect((await plan(second, config)).planned["source_digest"]).toBe(later.digest);
    const again = await plan(second, config, first.private);
    expect(again.planned).toEqual(first.planned);

    const applied = decodeMessage(
      6,
      "ApplyResourceChangeResponse",
      await second.unary(
        "/tfplugin6.Provider/ApplyResourceChange",
        encodeMessage(6, "ApplyResourceChangeRequest", {
          type_name: "imagesync",
          prior_state: dynamic(null),
          planned_state: { msgpack: again.bytes },
          config: dynamic(config),
          planned_private: again.private,
        }),
      ),
    );
    expect(applied.diagnostics).toEqual([]);
    const state = decodeValue(resourceType, applied.new_state?.msgpack ?? new Uint8Array()) as ObjectValue;
    expect(state).toMatchObject({ id: first.planned["id"], source_digest: shown.digest, complete: true });
    expect(await fetchTree({ host: destination.host }, "mirror/app", "1.0")).toEqual(treeOf(shown));
  });
});
