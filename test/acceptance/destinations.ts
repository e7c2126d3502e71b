import { expect, onTestFinished } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { type Endpoint, exchange, fetchTree, type TestManifest, treeOf } from "../support/images/index.ts";
import {
  dockerRegistryProgram,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
  startDockerRegistry,
} from "../support/registries/index.ts";
import { nested, terraformProgram, type Workspace } from "../support/terraform/index.ts";
import { configuration, openAttached, openRegistry, openWorkspaceFor } from "./stage.ts";

/** The registries whose deletes are told apart: one that deletes single tags, one that deletes by digest only. */
export const destinations: readonly (readonly [name: string, open: () => Promise<{ readonly host: string }>])[] = [
  ["the embedded registry", () => openRegistry()],
  ["the real docker-registry", () => openDockerRegistry()],
];

/** Whether one of the programs for {@link destinations} is not here. */
export const isProgramMissing: boolean = [terraformProgram, dockerRegistryProgram].includes(undefined);

/** A source, a destination, and a directory to run terraform in. */
export interface Scene {
  readonly source: RunningRegistry;
  readonly destination: { readonly host: string };
  readonly workspace: Workspace;
  /** `source` of resources: the repository that tests push to. */
  readonly origin: string;
  /** The repository of all `destination`s. */
  readonly reference: string;
  readonly config: (...blocks: readonly string[]) => string;
}

/** The name of the repository of {@link Scene.reference}. */
export const repository = "mirror/app";

/** Sets a scene with the provider of the source tree; it is cleared when the test ends. */
export async function setScene(open: () => Promise<{ readonly host: string }>): Promise<Scene> {
  const source = await openRegistry();
  const destination = await open();
  const registry = [source, destination].map(({ host }) => nested({ address: host, plain_http: true }));
  return {
    source,
    destination,
    workspace: await openWorkspaceFor(await openAttached()),
    origin: `${source.host}/team/app`,
    reference: `${destination.host}/${repository}`,
    config: (...blocks) => configuration({ registry }, ...blocks),
  };
}

/** A docker-registry for one test. */
export async function openDockerRegistry(options: DockerRegistryOptions = {}): Promise<RunningDockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** The tag that holds an earlier digest of a tag. */
export function heldBy({ digest }: TestManifest, tag: string): string {
  return `imagesync-previous.${digest.slice("sha256:".length).slice(0, 32)}.${tag}`;
}

/** Every tag of {@link repository}. */
export async function tagsIn(registry: Endpoint): Promise<string[]> {
  const { status, body } = await exchange(registry, { method: "GET", target: `/v2/${repository}/tags/list` });
  if (status === 404) return [];
  const { tags } = JSON.parse(body.toString()) as { tags: string[] | null };
  return (tags ?? []).toSorted();
}

/** The repository has these tags and no others, and each of them pulls completely. */
export async function expectTags(registry: Endpoint, model: Readonly<Record<string, TestManifest>>): Promise<void> {
  expect(await tagsIn(registry)).toEqual(Object.keys(model).toSorted());
  for (const [tag, image] of Object.entries(model)) {
    expect(await fetchTree(registry, repository, tag)).toEqual(treeOf(image));
  }
}

/** What of the images is still there by digest: manifests and blobs that no image of `except` shares. */
export async function remainsOf(
  registry: Endpoint,
  images: readonly TestManifest[],
  except: readonly TestManifest[] = [],
): Promise<string[]> {
  const shared = new Set(except.flatMap(contentOf));
  const remains: string[] = [];
  for (const path of new Set(images.flatMap(contentOf))) {
    if (shared.has(path)) continue;
    const headers = { accept: "*/*" };
    const { status } = await exchange(registry, { method: "HEAD", target: `/v2/${repository}/${path}`, headers });
    if (status !== 404) remains.push(`${status} ${path}`);
  }
  return remains;
}

function contentOf(image: TestManifest): string[] {
  const { manifests, blobs } = treeOf(image);
  return [
    ...Object.keys(manifests).map((digest) => `manifests/${digest}`),
    ...Object.keys(blobs).map((digest) => `blobs/${digest}`),
  ];
}
