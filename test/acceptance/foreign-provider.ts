import { onTestFinished } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import type { CtyType } from "../../provider-shim/protocol/cty-type.ts";
import type { ProviderDefinition } from "../../provider-shim/protocol/resource.ts";
import type { Block, NestedBlock, Schema } from "../../provider-shim/protocol/schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { imagesyncSchema } from "../../provider-shim/resources/imagesync/schema.ts";
import { attachedProvider, type TestProvider } from "../support/terraform/index.ts";

const texts = ["list", "string"] as const satisfies CtyType;
const pairs = ["map", "string"] as const satisfies CtyType;

const somewhere: Readonly<Record<string, CtyType>> = {
  certificate_directory: "string",
  image: "string",
  login_environment: pairs,
  login_password: "string",
  login_password_script: "string",
  login_retries: "number",
  login_script: "string",
  login_script_interpreter: texts,
  login_username: "string",
  registry_auth_file: "string",
  timeout: "number",
  working_directory: "string",
};

/** The documented schemas of the resource types that can be moved here, as far as Terraform looks into them. */
const schemas: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  "registry.terraform.io/bsquare-corp/skopeo2": {
    skopeo2_copy: schema(
      {
        additional_tags: texts,
        copy_all_images: "bool",
        destination_image: "string",
        docker_digest: "string",
        id: "string",
        insecure: "bool",
        keep_image: "bool",
        preserve_digests: "bool",
        retries: "number",
        retry_delay: "number",
        source_digest: "string",
        source_image: "string",
      },
      { destination: nestedList(somewhere), source: nestedList(somewhere), timeouts: timeouts("read") },
    ),
  },
  "registry.terraform.io/kreuzwerker/docker": {
    docker_registry_image: schema(
      {
        id: "string",
        insecure_skip_verify: "bool",
        keep_remotely: "bool",
        name: "string",
        sha256_digest: "string",
        triggers: pairs,
      },
      {
        auth_config: nestedList({ address: "string", password: "string", username: "string" }),
        build: { ...nestedList({ context: "string" }), nesting: "set" },
        timeouts: timeouts(),
      },
    ),
  },
  "registry.terraform.io/adam-tylr/crane": {
    crane_image: schema({
      destination: "string",
      digest: "string",
      id: "string",
      platform: "string",
      reference: "string",
      source: "string",
      source_digest: "string",
    }),
  },
  "registry.terraform.io/shesl/imagesync": {
    imagesync: {
      ...schema({ destination: "string", id: "string", source: "string", source_digest: "string" }),
      version: 1,
    },
  },
  // Ours, as it is found at another registry.
  "registry.opentofu.org/imagesync/imagesync": { imagesync: imagesyncSchema },
  "registry.terraform.io/example/other": { other_thing: schema({ id: "string" }) },
};

/** The names that these schemas have for types, attributes and blocks. */
export function foreignNames(): ReadonlySet<string> {
  const below = (block: Block): string[] => [
    ...Object.keys(block.attributes),
    ...Object.entries(block.blocks ?? {}).flatMap(([name, nested]) => [name, ...below(nested.block)]),
  ];
  const types = Object.values(schemas).flatMap((each) => Object.entries(each));
  return new Set(types.flatMap(([type, { block }]) => [type, ...below(block)]));
}

/**
 * Our provider beside stand-ins for the others: as long as a state has objects of theirs, Terraform wants to know their
 * schemas. The stand-ins know nothing else, so that a plan or an apply that asks them to do anything fails.
 */
export async function openBesideOthers(protocol: 5 | 6 = 6): Promise<TestProvider> {
  const ours = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
  const providers = [await attachedProvider(ours, { protocol })];
  for (const [address, types] of Object.entries(schemas)) {
    providers.push(await attachedProvider(standIn(types), { protocol: 5, address }));
  }
  const close = async (): Promise<void> => {
    await Promise.all(providers.map((provider) => provider.close()));
  };
  onTestFinished(close);
  const attachments = providers.map(
    ({ environment }) => JSON.parse(environment["TF_REATTACH_PROVIDERS"] ?? "{}") as object,
  );
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify(Object.assign({}, ...attachments)) },
    cliConfig: "",
    close,
  };
}

function standIn(types: Readonly<Record<string, Schema>>): ProviderDefinition<null> {
  const asked = (): never => {
    throw new Error("The other provider was asked to do something");
  };
  const verbs = { validate: asked, upgrade: asked, read: asked, plan: asked, apply: asked, importState: asked };
  return {
    schema: schema({}),
    resources: Object.fromEntries(Object.entries(types).map(([name, each]) => [name, { schema: each, ...verbs }])),
    dataSources: {},
    functions: {},
    validate: () => undefined,
    configure: () => Promise.resolve(null),
  };
}

function schema(
  attributes: Readonly<Record<string, CtyType>>,
  blocks: Readonly<Record<string, NestedBlock>> = {},
): Schema {
  const each = Object.entries(attributes).map(
    ([name, type]) => [name, { type, description: "", optional: true, computed: true }] as const,
  );
  return { version: 0, block: { description: "", attributes: Object.fromEntries(each), blocks } };
}

function nestedList(attributes: Readonly<Record<string, CtyType>>): NestedBlock {
  return { nesting: "list", block: schema(attributes).block };
}

function timeouts(...more: readonly string[]): NestedBlock {
  const names = ["create", "delete", "update", ...more];
  return { nesting: "single", block: schema(Object.fromEntries(names.map((name) => [name, "string"]))).block };
}
