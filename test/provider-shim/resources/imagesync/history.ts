import { expect } from "vitest";
import type { RunningRegistry } from "../../../../embedded-registry/index.ts";
import type { Value } from "../../../../provider-shim/protocol/value.ts";
import { buildImage, buildIndex, fetchTree, push, type TestManifest, treeOf } from "../../../support/images/index.ts";
import { type Commands, type Kept, nothing } from "./commands.ts";
import type { Registries } from "./registries.ts";

/** Versions of one image, each with a layer and a config of its own. */
export const versions: readonly [TestManifest, TestManifest, TestManifest, TestManifest] = [
  version("first"),
  version("second"),
  version("third"),
  version("fourth"),
];

/** The tag that holds an earlier digest of a tag. */
export function heldBy({ digest }: TestManifest, tag = "1"): string {
  return `imagesync-previous.${digest.slice("sha256:".length).slice(0, 32)}.${tag}`;
}

/** Lets `app:1` of the source be these images in turn, and mirrors each of them. */
export async function lived(
  { source, wanted }: Registries,
  commands: Commands,
  images: readonly TestManifest[],
  attributes: Readonly<Record<string, Value>> = {},
  from: Kept = nothing,
): Promise<Kept> {
  let kept = from;
  for (const image of images) {
    await push(image, { host: source.host, repository: "app", tag: "1" });
    kept = await commands.put(kept, wanted("app:1", attributes));
  }
  return kept;
}

/** Every tag of `app`, and that each of them can be pulled whole. */
export async function wholeTags(registry: RunningRegistry): Promise<string[]> {
  const answer = await fetch(`${registry.url}/v2/app/tags/list`);
  if (answer.status === 404) return [];
  const { tags } = (await answer.json()) as { tags: string[] | null };
  for (const tag of tags ?? []) await fetchTree(registry, "app", tag);
  return (tags ?? []).toSorted();
}

/** What is there of the images: all of it by digest, or nothing, down to the last blob. */
export async function expectPullable(
  registry: RunningRegistry,
  expected: ReadonlyMap<TestManifest, boolean>,
): Promise<void> {
  for (const [image, there] of expected) {
    if (there) {
      expect(await fetchTree(registry, "app", image.digest)).toEqual(treeOf(image));
      continue;
    }
    const { manifests, blobs } = treeOf(image);
    const paths = [
      ...Object.keys(manifests).map((digest) => `manifests/${digest}`),
      ...Object.keys(blobs).map((digest) => `blobs/${digest}`),
    ];
    const answers = await Promise.all(paths.map((path) => fetch(`${registry.url}/v2/app/${path}`)));
    expect(answers.filter(({ status }) => status !== 404).map(({ url, status }) => [url, status])).toEqual([]);
  }
}

function version(seed: string): TestManifest {
  return buildIndex({ children: [buildImage({ seed, layers: [500] })] });
}
