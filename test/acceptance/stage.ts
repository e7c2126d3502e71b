import { onTestFinished } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { type Endpoint, exchange, push, type TestManifest } from "../support/images/index.ts";
import {
  attachedProvider,
  block,
  type Body,
  nested,
  openWorkspace,
  packagedProvider,
  type TestProvider,
  type Workspace,
} from "../support/terraform/index.ts";

/** Decides what goes wrong at an embedded registry. */
export type Intercept = NonNullable<RunningRegistry["intercept"]>;

/** What goes wrong with one request. */
export type Fault = NonNullable<ReturnType<Intercept>>;

/** Everything a user has: two registries, a provider, and a directory to run terraform in. */
export interface Stage {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly workspace: Workspace;
  /** The configuration whose provider block knows both registries. */
  readonly config: (...blocks: readonly string[]) => string;
}

export interface StageOptions {
  readonly source?: RegistryOptions;
  readonly destination?: RegistryOptions;
  /** The packaged binary in place of the provider of the source tree. */
  readonly packaged?: boolean;
  /** Of the provider of the source tree. Default 6. */
  readonly protocol?: 5 | 6;
  /** Further settings of the provider block. */
  readonly provider?: Body;
}

/** Sets the stage for one test; it is cleared when the test ends. */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const source = await openRegistry(options.source);
  const destination = await openRegistry(options.destination);
  const provider = options.packaged === true ? await openPackaged() : await openAttached(options.protocol);
  const workspace = await openWorkspaceFor(provider);
  const registries = { registry: [source, destination].map(({ host }) => nested({ address: host, plain_http: true })) };
  return {
    source,
    destination,
    workspace,
    config: (...blocks) => configuration({ ...registries, ...options.provider }, ...blocks),
  };
}

/** An embedded registry for one test. */
export async function openRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** The provider of the source tree for one test. */
export async function openAttached(protocol: 5 | 6 = 6): Promise<TestProvider> {
  const definition = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
  const provider = await attachedProvider(definition, { protocol });
  onTestFinished(() => provider.close());
  return provider;
}

/** The packaged provider for one test. */
export async function openPackaged(): Promise<TestProvider> {
  const provider = await packagedProvider();
  onTestFinished(() => provider.close());
  return provider;
}

/** A directory to run terraform in for one test. */
export async function openWorkspaceFor(provider: TestProvider): Promise<Workspace> {
  const workspace = await openWorkspace(provider);
  onTestFinished(() => workspace.close());
  return workspace;
}

/** A configuration from a provider block and more. */
export function configuration(provider: Body, ...blocks: readonly string[]): string {
  const header = `terraform {
  required_providers {
    imagesync = { source = "imagesync/imagesync" }
  }
}
`;
  return [header, block('provider "imagesync"', provider), ...blocks].join("\n");
}

/** The resource of the tests: `imagesync.x`, or another name. */
export function mirror(attributes: Body, name = "x"): string {
  return block(`resource "imagesync" ${JSON.stringify(name)}`, attributes);
}

/** Puts an image where a tag will point at it, behind everybody's back. */
export async function pushTo(registry: Endpoint, repository: string, tag: string, image: TestManifest): Promise<void> {
  await push(image, { ...registry, repository, tag });
}

/** The digest that a tag holds now; undefined when there is none. */
export async function digestOfTag(registry: Endpoint, repository: string, tag: string): Promise<string | undefined> {
  const answer = await exchange(registry, {
    method: "HEAD",
    target: `/v2/${repository}/manifests/${tag}`,
    headers: { accept: "*/*" },
  });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(`HEAD ${repository}:${tag} answered ${answer.status}`);
  return String(answer.headers["docker-content-digest"]);
}

/** Deletes a tag or a manifest behind everybody's back. */
export async function deleteManifest(registry: Endpoint, repository: string, reference: string): Promise<void> {
  const answer = await exchange(registry, { method: "DELETE", target: `/v2/${repository}/manifests/${reference}` });
  if (answer.status !== 202) throw new Error(`DELETE ${repository} ${reference} answered ${answer.status}`);
}

/** Long enough for a machine that is busy with other things: no test of this folder measures time. */
export const patient = { timeout: 300_000 } as const;
