import { describe, expect, test } from "vitest";

import { createLogger } from "../../../provider-shim/log.ts";
import { FunctionArgumentError } from "../../../provider-shim/protocol/function.ts";
import type { Message, MessageInit, MessageName } from "../../../provider-shim/protocol/messages.ts";
import type { ProviderDefinition, ResourceDefinition } from "../../../provider-shim/protocol/resource.ts";
import { rpcPath } from "../../../provider-shim/protocol/rpc-names.ts";
import { createProtocolServer } from "../../../provider-shim/protocol/server.ts";
import { schemaType, type Schema } from "../../../provider-shim/protocol/schema.ts";
import { decodeValue } from "../../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../../provider-shim/protocol/value-encode.ts";
import { objectValue, UNKNOWN, type ObjectValue, type Value } from "../../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage, type ProtocolVersion } from "../../../provider-shim/protocol/wire.ts";

type Provider = { readonly token: string };

const schema: Schema = {
  version: 2,
  block: {
    description: "A box.",
    attributes: {
      name: { type: "string", required: true, description: "Its name." },
      size: { type: "number", optional: true, description: "Its size." },
    },
    blocks: { rule: { nesting: "list", block: { description: "A rule.", attributes: {} } } },
  },
};

const noAttributes: Schema = { version: 0, block: { description: "Nothing.", attributes: {} } };

const unexpected = (): never => {
  throw new Error("This verb was not to be called");
};

function providerWith(
  box: Partial<ResourceDefinition<Provider>>,
  more: Partial<ProviderDefinition<Provider>> = {},
): ProviderDefinition<Provider> {
  return {
    schema: noAttributes,
    resources: {
      box: {
        schema,
        validate: unexpected,
        upgrade: unexpected,
        read: unexpected,
        plan: unexpected,
        apply: unexpected,
        importState: unexpected,
        ...box,
      },
    },
    dataSources: {},
    functions: {},
    validate: () => undefined,
    configure: () => Promise.resolve({ token: "t" }),
    ...more,
  };
}

type Send = <Request extends MessageName, Response extends MessageName>(
  rpc: string,
  request: [Request, MessageInit<Request>],
  response: Response,
  signal?: AbortSignal,
) => Promise<Message<Response>>;

function serverFor(
  provider: ProviderDefinition<Provider>,
  protocol: ProtocolVersion = 6,
): { send: Send; configure: () => Promise<unknown>; paths: readonly string[]; log: string[] } {
  const log: string[] = [];
  const logger = createLogger({
    write: (line) => log.push(line),
    redact: (text) => text.replaceAll("hunter2", "[redacted]"),
  });
  const server = createProtocolServer({ provider, protocol, log: logger });
  const send: Send = async (rpc, [name, request], response, signal = new AbortController().signal) => {
    const handle = server.handlers.get(rpcPath(protocol, rpc));
    if (handle === undefined) throw new Error(`No handler for ${rpc}`);
    return decodeMessage(protocol, response, await handle(encodeMessage(protocol, name, request), signal));
  };
  return {
    send,
    paths: [...server.handlers.keys()],
    log,
    configure: () =>
      send(
        "ConfigureProvider",
        ["ConfigureProviderRequest", { terraform_version: "1.11.4", config: { msgpack: Buffer.from([0x80]) } }],
        "DiagnosticsResponse",
      ),
  };
}

const type = schemaType(schema.block);
const box = (name: string, size: Value = null): ObjectValue => objectValue({ name, size, rule: [] });

function encoded(value: Value): { msgpack: Uint8Array } {
  return { msgpack: encodeValue(type, value) };
}

function decoded(value: Message<"DynamicValue"> | undefined): Value {
  if (value === undefined) throw new Error("The answer has no value at all");
  return decodeValue(type, value.msgpack);
}

function apply(send: Send, prior: Value, planned: Value): Promise<Message<"ApplyResourceChangeResponse">> {
  return send(
    "ApplyResourceChange",
    [
      "ApplyResourceChangeRequest",
      {
        type_name: "box",
        prior_state: encoded(prior),
        planned_state: encoded(planned),
        config: encoded(planned),
        planned_private: Buffer.from("planned"),
      },
    ],
    "ApplyResourceChangeResponse",
  );
}

describe("apply", () => {
  const failures: [string, Partial<ResourceDefinition<Provider>>][] = [
    ["throws", { apply: () => Promise.reject(new Error("kaboom")) }],
    [
      "reports an error and answers null",
      {
        apply: (_request, { diagnostics }) => {
          diagnostics.error("Refused", "kaboom");
          return Promise.resolve({ state: null });
        },
      },
    ],
    [
      "reports an error and answers what was planned",
      {
        apply: ({ planned }, { diagnostics }) => {
          diagnostics.error("Refused", "kaboom");
          return Promise.resolve({ state: planned });
        },
      },
    ],
    ["answers a value that does not fit", { apply: () => Promise.resolve({ state: objectValue({ kaboom: 1 }) }) }],
    // Against the types, as a resource with a bug would.
    ["answers nothing", { apply: () => Promise.resolve({} as { state: null }) }],
  ];

  test.each(failures)("keeps the state when an update %s", async (_what, verbs) => {
    const { send, configure } = serverFor(providerWith(verbs));
    await configure();
    const response = await apply(send, box("a", 1), box("a", 2));
    expect(response.diagnostics).toHaveLength(1);
    expect(response.diagnostics[0]?.severity).toBe(1);
    expect(decoded(response.new_state)).toEqual(box("a", 1));
    expect(Buffer.from(response.private).toString()).toBe("planned");
  });

  test("keeps the state when a destroy fails", async () => {
    const { send, configure } = serverFor(providerWith({ apply: () => Promise.reject(new Error("kaboom")) }));
    await configure();
    expect(decoded((await apply(send, box("a"), null)).new_state)).toEqual(box("a"));
  });

  test("takes a null answer to an update for a fault, never for a deletion", async () => {
    const { send, configure } = serverFor(providerWith({ apply: () => Promise.resolve({ state: null }) }));
    await configure();
    const response = await apply(send, box("a", 1), box("a", 2));
    expect(response.diagnostics[0]?.detail).toContain("has no state");
    expect(decoded(response.new_state)).toEqual(box("a", 1));
    const destroyed = await apply(send, box("a", 1), null);
    expect(destroyed.diagnostics).toEqual([]);
    expect(decoded(destroyed.new_state)).toBe(null);
  });

  test("stores nothing when a create throws, and what exists when it fails half-way", async () => {
    const throwing = serverFor(providerWith({ apply: () => Promise.reject(new Error("kaboom")) }));
    await throwing.configure();
    expect(decoded((await apply(throwing.send, null, box("a"))).new_state)).toBe(null);

    const partial = serverFor(
      providerWith({
        apply: (_request, { diagnostics }) => {
          diagnostics.error("Half done", "The second half failed.");
          return Promise.resolve({ state: box("a", 1), private: Buffer.from("half") });
        },
      }),
    );
    await partial.configure();
    const response = await apply(partial.send, null, box("a", UNKNOWN));
    expect(decoded(response.new_state)).toEqual(box("a", 1));
    expect(Buffer.from(response.private).toString()).toBe("half");
  });

  test("stores what an update that fails half-way says is there, and nothing that does not say so", async () => {
    for (const [partial, stored, bytes] of [
      [true, box("a", 1), "half"],
      [false, box("a", 0), "planned"],
    ] as const) {
      const { send, configure } = serverFor(
        providerWith({
          apply: (_request, { diagnostics }) => {
            diagnostics.error("Half done", "The second half failed.");
            return Promise.resolve({ state: box("a", 1), private: Buffer.from("half"), partial });
          },
        }),
      );
      await configure();
      const response = await send(
        "ApplyResourceChange",
        [
          "ApplyResourceChangeRequest",
          {
            type_name: "box",
            prior_state: encoded(box("a", 0)),
            planned_state: encoded(box("a", 2)),
            planned_private: Buffer.from("planned"),
          },
        ],
        "ApplyResourceChangeResponse",
      );
      expect(decoded(response.new_state)).toEqual(stored);
      expect(Buffer.from(response.private).toString()).toBe(bytes);
    }
  });

  test("keeps the state when Terraform sends a value that cannot be read, and says where", async () => {
    const { send, configure } = serverFor(providerWith({}));
    await configure();
    const response = await send(
      "ApplyResourceChange",
      [
        "ApplyResourceChangeRequest",
        {
          type_name: "box",
          prior_state: encoded(box("a")),
          planned_state: { msgpack: Buffer.from("81a46e616d6501", "hex") },
        },
      ],
      "ApplyResourceChangeResponse",
    );
    expect(decoded(response.new_state)).toEqual(box("a"));
    expect(response.diagnostics[0]?.attribute?.steps[0]?.attribute_name).toBe("name");
    expect(response.diagnostics[0]?.detail).toContain("Expected a string, got integer");
  });

  test("is refused before the provider is configured", async () => {
    const { send } = serverFor(providerWith({}));
    const response = await apply(send, box("a", 1), box("a", 2));
    expect(response.diagnostics[0]?.summary).toBe("Provider is not configured");
    expect(decoded(response.new_state)).toEqual(box("a", 1));
  });
});

describe("read", () => {
  const read = (send: Send): Promise<Message<"ReadResourceResponse">> =>
    send(
      "ReadResource",
      ["ReadResourceRequest", { type_name: "box", current_state: encoded(box("a", 1)), private: Buffer.from("p") }],
      "ReadResourceResponse",
    );

  test.each<[string, Partial<ResourceDefinition<Provider>>]>([
    ["it throws", { read: () => Promise.reject(new Error("kaboom")) }],
    [
      "it reports an error",
      {
        read: (_request, { diagnostics }) => {
          diagnostics.error("Registry is down", "503");
          return Promise.resolve({ state: null });
        },
      },
    ],
    ["it answers nothing", { read: () => Promise.resolve({} as { state: null }) }],
  ])("keeps state and private bytes when %s", async (_what, verbs) => {
    const { send, configure } = serverFor(providerWith(verbs));
    await configure();
    const response = await read(send);
    expect(response.diagnostics).toHaveLength(1);
    expect(decoded(response.new_state)).toEqual(box("a", 1));
    expect(Buffer.from(response.private).toString()).toBe("p");
  });

  test("says that the object is gone only by a written null", async () => {
    const { send, configure } = serverFor(providerWith({ read: () => Promise.resolve({ state: null }) }));
    await configure();
    const response = await read(send);
    expect(response.diagnostics).toEqual([]);
    expect(decoded(response.new_state)).toBe(null);
  });

  test("answers private bytes and an empty list for blocks that the resource left out", async () => {
    const { send, configure } = serverFor(
      providerWith({
        read: () => Promise.resolve({ state: objectValue({ name: "b" }), private: Buffer.from("new") }),
      }),
    );
    await configure();
    const response = await read(send);
    expect(decoded(response.new_state)).toEqual(box("b"));
    expect(Buffer.from(response.private).toString()).toBe("new");
  });
});

describe("plan", () => {
  const plan = (
    send: Send,
    more: MessageInit<"PlanResourceChangeRequest">,
  ): Promise<Message<"PlanResourceChangeResponse">> =>
    send(
      "PlanResourceChange",
      ["PlanResourceChangeRequest", { type_name: "box", prior_private: Buffer.from("prior"), ...more }],
      "PlanResourceChangeResponse",
    );

  test("hands over the memory of the first plan where Terraform keeps it", async () => {
    const seen: unknown[] = [];
    const { send } = serverFor(
      providerWith({
        plan: ({ proposed, plannedPrivate, storePlannedPrivate, provider }) => {
          seen.push([plannedPrivate && Buffer.from(plannedPrivate).toString(), storePlannedPrivate, provider]);
          return Promise.resolve({ planned: proposed });
        },
      }),
    );
    const proposed = { proposed_new_state: encoded(box("a")), config: encoded(box("a")) };
    const first = await plan(send, { ...proposed, client_capabilities: { store_planned_private: true } });
    await plan(send, { ...proposed, planned_private: Buffer.from("memory") });
    expect(seen).toEqual([
      [undefined, true, undefined],
      ["memory", false, undefined],
    ]);
    expect(Buffer.from(first.planned_private).toString()).toBe("prior");
  });

  test("answers what requires a replacement", async () => {
    const { send } = serverFor(
      providerWith({
        plan: ({ proposed }) =>
          Promise.resolve({
            planned: proposed,
            requiresReplace: [[{ attribute: "rule" }, { key: 0 }], [{ attribute: "name" }]],
          }),
      }),
    );
    const response = await plan(send, { prior_state: encoded(box("a")), proposed_new_state: encoded(box("b")) });
    expect(
      response.requires_replace.map(({ steps }) => steps.map((step) => step.attribute_name ?? step.element_key_int)),
    ).toEqual([["rule", 0], ["name"]]);
  });

  test.each([
    ["destroys what was to be kept", null, box("a")],
    ["keeps what was to be destroyed", box("a"), null],
  ])("is refused when it %s", async (problem, planned, proposed) => {
    const { send } = serverFor(providerWith({ plan: () => Promise.resolve({ planned }) }));
    const response = await plan(send, { prior_state: encoded(box("a")), proposed_new_state: encoded(proposed) });
    expect(response.diagnostics[0]?.detail).toContain(problem);
    expect(decoded(response.planned_state)).toEqual(box("a"));
  });
});

describe("upgrade of a state", () => {
  const upgrade = (send: Send, version: number, json: string): Promise<Message<"UpgradeResourceStateResponse">> =>
    send(
      "UpgradeResourceState",
      ["UpgradeResourceStateRequest", { type_name: "box", version, raw_state: { json: Buffer.from(json) } }],
      "UpgradeResourceStateResponse",
    );

  test("reads a state of the same version without the resource, and drops what the schema no longer has", async () => {
    const { send } = serverFor(providerWith({}));
    const response = await upgrade(send, 2, '{"name":"a","size":3,"gone":true}');
    expect(decoded(response.upgraded_state)).toEqual(box("a", 3));
  });

  test("lets the resource read a state of another version", async () => {
    const { send } = serverFor(
      providerWith({ upgrade: ({ version, state }) => box((state as { old: string }).old, version) }),
    );
    expect(decoded((await upgrade(send, 1, '{"old":"a"}')).upgraded_state)).toEqual(box("a", 1));
  });

  test.each([
    ["", "Terraform 0.11"],
    ["{", "JSON"],
    ["null", "sent no state"],
    ['{"name":[]}', "Expected a value of type string, got an array"],
  ])("explains a state that cannot be read: %j", async (json, explanation) => {
    const { send } = serverFor(providerWith({}));
    const response = await upgrade(send, 2, json);
    expect(JSON.stringify(response.diagnostics)).toContain(explanation);
    expect(response.upgraded_state).toBe(undefined);
  });
});

describe("a move to a type", () => {
  const move = (
    send: Send,
    more: MessageInit<"MoveResourceStateRequest">,
  ): Promise<Message<"MoveResourceStateResponse">> =>
    send(
      "MoveResourceState",
      [
        "MoveResourceStateRequest",
        {
          source_provider_address: "registry.terraform.io/a/crate",
          source_type_name: "crate",
          source_schema_version: 7,
          source_state: { json: Buffer.from('{"label":"a"}') },
          target_type_name: "box",
          source_private: Buffer.from("theirs"),
          ...more,
        },
      ],
      "MoveResourceStateResponse",
    );

  test("lets the type read the other's state, and leaves its private bytes behind", async () => {
    const seen: unknown[] = [];
    const { send } = serverFor(
      providerWith({
        move: (request) => {
          seen.push(request);
          return box("a", 1);
        },
      }),
    );
    const response = await move(send, {});
    expect(response.diagnostics).toEqual([]);
    expect(decoded(response.target_state)).toEqual(box("a", 1));
    expect(response.target_private).toHaveLength(0);
    expect(seen).toEqual([
      { provider: "registry.terraform.io/a/crate", type: "crate", version: 7, state: { label: "a" } },
    ]);
  });

  test.each([
    [2, '{"name":"a"}', box("a")],
    [1, '{"old":"b"}', box("b", 1)],
  ])("from the same type of another address, in version %i, is an upgrade", async (version, json, expected) => {
    const { send } = serverFor(
      providerWith({ upgrade: ({ version: from, state }) => box((state as { old: string }).old, from) }),
    );
    const response = await move(send, {
      source_type_name: "box",
      source_schema_version: version,
      source_state: { json: Buffer.from(json) },
    });
    expect(decoded(response.target_state)).toEqual(expected);
    expect(Buffer.from(response.target_private).toString()).toBe("theirs");
  });

  test.each<[string, MessageInit<"MoveResourceStateRequest">, RegExp]>([
    ["that takes no other's", {}, /"crate" cannot become a "box".*import it/],
    ["that is not there", { target_type_name: "bag" }, /The provider has no type "bag"/],
    ["from a state without JSON", { source_type_name: "box", source_state: {} }, /Terraform 0.11/],
  ])("%s is refused with words that help", async (_name, more, words) => {
    const { send } = serverFor(providerWith({}));
    const response = await move(send, more);
    expect(JSON.stringify(response.diagnostics).replaceAll(String.raw`\"`, '"')).toMatch(words);
    expect(response.target_state).toBeUndefined();
  });

  test("says which type could not take it when that throws", async () => {
    const { send } = serverFor(providerWith({ move: () => Promise.reject(new Error("kaboom")) }));
    const [diagnostic] = (await move(send, {})).diagnostics;
    expect(diagnostic).toMatchObject({ severity: 1, summary: 'Cannot move an object to "box"' });
  });
});

describe("every call", () => {
  test("is there under its name in both protocols", () => {
    const names = (protocol: 5 | 6): string[] =>
      serverFor(providerWith({}), protocol)
        .paths.map((path) => path.replace(`/tfplugin${protocol}.Provider/`, ""))
        .sort();
    const inBoth = `ApplyResourceChange CallFunction GetFunctions GetMetadata GetResourceIdentitySchemas
      ImportResourceState MoveResourceState PlanResourceChange ReadDataSource ReadResource UpgradeResourceState`;
    const onlyIn6 = `ConfigureProvider GetProviderSchema StopProvider ValidateDataResourceConfig
      ValidateProviderConfig ValidateResourceConfig`;
    const onlyIn5 = `Configure GetSchema Stop ValidateDataSourceConfig PrepareProviderConfig
      ValidateResourceTypeConfig`;
    expect(names(6)).toEqual(`${inBoth} ${onlyIn6}`.split(/\s+/).sort());
    expect(names(5)).toEqual(`${inBoth} ${onlyIn5}`.split(/\s+/).sort());
  });

  test("tells Terraform that destroys are planned, objects moved here, and that one schema is enough", async () => {
    const { send } = serverFor(providerWith({}));
    const response = await send("GetProviderSchema", ["Empty", {}], "GetProviderSchemaResponse");
    expect(response.server_capabilities).toMatchObject({
      plan_destroy: true,
      get_provider_schema_optional: true,
      move_resource_state: true,
    });
    expect(response.provider).toBeDefined();
    expect([...response.resource_schemas.keys()]).toEqual(["box"]);
    const metadata = await send("GetMetadata", ["Empty", {}], "GetMetadataResponse");
    expect(metadata.resources).toEqual([{ name: "box" }]);
  });

  test("echoes the provider configuration in protocol 5 only", async () => {
    const config = { msgpack: Buffer.from([0x80]) };
    const request: ["ValidateProviderConfigRequest", MessageInit<"ValidateProviderConfigRequest">] = [
      "ValidateProviderConfigRequest",
      { config },
    ];
    const [five, six] = await Promise.all(
      ([5, 6] as const).map((protocol) =>
        serverFor(providerWith({}), protocol).send("ValidateProviderConfig", request, "ValidateProviderConfigResponse"),
      ),
    );
    expect(Buffer.from(five?.prepared_config?.msgpack ?? []).toString("hex")).toBe("80");
    expect(six?.prepared_config).toBe(undefined);
  });

  test("takes a value in JSON as in MessagePack, and one that is unknown as a whole for a mistake", async () => {
    const seen: ObjectValue[] = [];
    const { send } = serverFor(providerWith({ validate: (config) => void seen.push(config) }));
    const validate = (config: MessageInit<"DynamicValue">): Promise<Message<"DiagnosticsResponse">> =>
      send("ValidateResourceConfig", ["ValidateConfigRequest", { type_name: "box", config }], "DiagnosticsResponse");
    expect((await validate({ json: Buffer.from('{"name":"a","size":0.5,"rule":[]}') })).diagnostics).toEqual([]);
    expect(seen).toEqual([box("a", 0.5)]);
    expect((await validate({ json: Buffer.from("{") })).diagnostics).toHaveLength(1);
    expect((await validate({})).diagnostics[0]?.summary).toBe("Terraform has sent no configuration");
    expect((await validate(encoded(UNKNOWN))).diagnostics[0]?.detail).toContain("The whole object is unknown");
    expect(seen).toHaveLength(1);
  });

  test("about an unknown type names the known ones", async () => {
    const { send } = serverFor(providerWith({}));
    for (const type_name of ["crate", "__proto__", "constructor"]) {
      const response = await send(
        "ValidateResourceConfig",
        ["ValidateConfigRequest", { type_name, config: { msgpack: Buffer.from([0xc0]) } }],
        "DiagnosticsResponse",
      );
      expect(response.diagnostics[0]?.detail).toContain(`no type "${type_name}". It has box.`);
    }
  });

  test("gets the provider and Terraform's version once they are known", async () => {
    const seen: unknown[] = [];
    const { send, configure } = serverFor(
      providerWith({
        importState: ({ id, provider }, context) => {
          seen.push(provider, context.terraformVersion);
          return Promise.resolve({ state: box(id), private: Buffer.from("p") });
        },
      }),
    );
    await configure();
    const response = await send(
      "ImportResourceState",
      ["ImportResourceStateRequest", { type_name: "box", id: "i" }],
      "ImportResourceStateResponse",
    );
    expect(seen).toEqual([{ token: "t" }, "1.11.4"]);
    expect(response.imported_resources).toHaveLength(1);
    expect(decoded(response.imported_resources[0]?.state)).toEqual(box("i"));
  });

  test("uses the provider's own words for an exception, without its secrets", async () => {
    const { send, log } = serverFor(
      providerWith(
        {
          validate: () => {
            throw new Error("password hunter2 is wrong");
          },
        },
        {
          describeError: (error) => ({ severity: "error", summary: "Registry says", detail: (error as Error).message }),
        },
      ),
    );
    const response = await send(
      "ValidateResourceConfig",
      ["ValidateConfigRequest", { type_name: "box", config: encoded(box("a")) }],
      "DiagnosticsResponse",
    );
    expect(response.diagnostics[0]).toMatchObject({
      summary: "Registry says",
      detail: "password [redacted] is wrong",
    });
    expect(log.join("\n")).not.toContain("hunter2");
    expect(log.some((line) => line.includes("[redacted]"))).toBe(true);
  });

  test("is aborted by StopProvider, and a later one is not", async () => {
    const started: (() => void)[] = [];
    const { send, configure } = serverFor(
      providerWith({
        read: ({ state }, { signal }) => {
          for (const resolve of started) resolve();
          if (state["name"] !== "slow") return Promise.resolve({ state });
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          });
        },
      }),
    );
    await configure();
    const read = (name: string): Promise<Message<"ReadResourceResponse">> =>
      send(
        "ReadResource",
        ["ReadResourceRequest", { type_name: "box", current_state: encoded(box(name)) }],
        "ReadResourceResponse",
      );
    const running = new Promise<void>((resolve) => void started.push(resolve));
    const slow = read("slow");
    await running;
    await send("StopProvider", ["Empty", {}], "StopProviderResponse");
    expect((await slow).diagnostics[0]?.detail).toBe("The operation was cancelled.");
    expect((await read("fast")).diagnostics).toEqual([]);
  });

  test("is aborted when Terraform drops it", async () => {
    const dropped = new AbortController();
    const { send } = serverFor(
      providerWith({
        validate: (_config, { signal }) => {
          dropped.abort(new Error("gone"));
          signal.throwIfAborted();
        },
      }),
    );
    const response = await send(
      "ValidateResourceConfig",
      ["ValidateConfigRequest", { type_name: "box", config: encoded(box("a")) }],
      "DiagnosticsResponse",
      dropped.signal,
    );
    expect(response.diagnostics[0]?.detail).toBe("The operation was cancelled.");
  });

  test("writes one line with its name, type and duration", async () => {
    const { send, log } = serverFor(providerWith({ validate: () => undefined }));
    await send(
      "ValidateResourceConfig",
      ["ValidateConfigRequest", { type_name: "box", config: encoded(box("a")) }],
      "DiagnosticsResponse",
    );
    expect(log).toHaveLength(1);
    expect(JSON.parse(log[0] ?? "")).toMatchObject({ rpc: "ValidateResourceConfig", type: "box", diagnostics: "0" });
    expect(JSON.parse(log[0] ?? "")).toHaveProperty("duration_ms");
  });
});

describe("a function", () => {
  const provider = providerWith(
    {},
    {
      functions: {
        join: {
          summary: "Joins",
          description: "Joins texts.",
          parameters: [{ name: "separator", type: "string", description: "Between." }],
          variadic: { name: "texts", type: "string", description: "Texts." },
          returns: "string",
          call: ([separator, ...texts]) => {
            if (separator === "!") throw new FunctionArgumentError(0, "Not hunter2");
            if (texts.length === 0) throw new Error("kaboom");
            return texts
              .filter((text) => typeof text === "string")
              .join(typeof separator === "string" ? separator : "");
          },
        },
      },
    },
  );
  const call = (name: string, ...texts: string[]): Promise<Message<"CallFunctionResponse">> =>
    serverFor(provider).send(
      "CallFunction",
      ["CallFunctionRequest", { name, arguments: texts.map((text) => ({ msgpack: encodeValue("string", text) })) }],
      "CallFunctionResponse",
    );

  test("gets fixed and variadic arguments and gives one value", async () => {
    const response = await call("join", "-", "a", "b");
    expect(decodeValue("string", response.result?.msgpack ?? new Uint8Array())).toBe("a-b");
    expect(response.error).toBe(undefined);
  });

  test("blames an argument, the first included, without secrets", async () => {
    expect((await call("join", "!")).error).toEqual({ text: "Not [redacted]", function_argument: 0 });
  });

  test("tells of a fault, and of a function that is not there", async () => {
    const fault = await call("join", "-");
    expect(fault.error?.text).toContain("kaboom");
    expect(fault.error?.function_argument).toBe(undefined);
    expect((await call("toString")).error?.text).toContain('There is no function "toString"');
  });

  test("is declared in the schema and in the list that OpenTofu asks for", async () => {
    const { send } = serverFor(provider);
    const declared = (await send("GetProviderSchema", ["Empty", {}], "GetProviderSchemaResponse")).functions;
    const listed = (await send("GetFunctions", ["Empty", {}], "GetFunctionsResponse")).functions;
    expect(declared.get("join")).toMatchObject({ summary: "Joins", description_kind: 1 });
    expect(declared.get("join")?.variadic_parameter?.name).toBe("texts");
    expect(listed).toEqual(declared);
  });
});
