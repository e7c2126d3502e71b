import { describe, expect, test } from "vitest";
import type { Digest, Engine, Reference, RemoveOptions } from "../../../engine/index.ts";
import { attachmentTag } from "../../support/images/companions.ts";
import { push, type TestManifest, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";
import { buildSignedImage } from "../../support/images/signed-image.ts";

const { image, bundle, sbom, sbomSignature, cosign } = buildSignedImage(400);
const parts = [image, ...image.children, bundle, sbom, sbomSignature, cosign].map(({ digest }) => digest);

/** A signed image that was copied with all that belongs to it, and a later process. */
async function copied(options: { referrersApi: boolean; tagDelete: boolean }): Promise<{
  pair: Pair;
  at: Reference;
  remove: (reference: Reference, more?: RemoveOptions) => ReturnType<Engine["remove"]>;
}> {
  const pair = await startPair({ destination: options });
  const source = await pair.seed(image);
  const seed = async (one: TestManifest, tag?: string): Promise<void> =>
    await push(one, { host: pair.source.host, repository: "from/app", ...(tag === undefined ? {} : { tag }) });
  for (const one of [bundle, sbom, sbomSignature]) await seed(one);
  await seed(cosign, attachmentTag(image, "sig"));
  const at = pair.at("to/app:1");
  const plan = await pair.engine.plan({ source, destination: at, policy: { referrers: {} } });
  const report = await pair.engine.apply(plan);
  expect(report.items.map(({ outcome }) => outcome)).toEqual(plan.items.map(() => "done"));
  expect(plan.items).toHaveLength(5);
  return {
    pair,
    at,
    remove: (reference, more = {}) =>
      pair.newEngine().remove(reference, { expectDigest: image.digest as Digest, referrers: true, ...more }),
  };
}

async function tags(pair: Pair): Promise<string[]> {
  const answer = await fetch(`${pair.destination.url}/v2/to/app/tags/list`);
  return answer.status === 404 ? [] : (((await answer.json()) as { tags: string[] | null }).tags ?? []);
}

/** Which parts are there. */
async function left(pair: Pair): Promise<string[]> {
  const found = await Promise.all(
    parts.map(async (digest) => ((await pair.tagged(pair.at(`to/app@${digest}`))) === undefined ? [] : [digest])),
  );
  return found.flat();
}

const registries = [
  { referrersApi: true, tagDelete: true },
  { referrersApi: false, tagDelete: true },
  { referrersApi: true, tagDelete: false },
  { referrersApi: false, tagDelete: false },
];

describe.each(registries)(
  "at a registry with $referrersApi referrers API and $tagDelete deletes of tags",
  (registry) => {
    test("all that belongs to an image goes with it, and what belongs to that", async () => {
      const { pair, at, remove } = await copied(registry);
      const report = await remove(at);
      expect(report.skipped).toEqual([]);
      expect(await tags(pair)).toEqual([]);
      expect(await left(pair)).toEqual([]);
      expect(report.manifests).toEqual(expect.arrayContaining(parts));
      expect(report.tags).toContain(attachmentTag(image, "sig"));
    });

    test("all of it stays with another tag of the same image", async () => {
      const { pair, at, remove } = await copied(registry);
      await push(image, { host: pair.destination.host, repository: "to/app", tag: "2" });
      const before = await tags(pair);
      expect(await remove(at)).toMatchObject({ untagged: true, manifests: [], skipped: [] });
      expect(await tags(pair)).toEqual(before.filter((tag) => tag !== "1"));
      expect(await left(pair)).toEqual(parts);
      expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
    });

    test("a signature that somebody has given a tag of its own stays, whole", async () => {
      const { pair, at, remove } = await copied(registry);
      await push(sbomSignature, { host: pair.destination.host, repository: "to/app", tag: "keep" });
      await remove(at);
      expect(await pair.tree(pair.at("to/app:keep"))).toEqual(treeOf(sbomSignature));
      expect(await tags(pair)).toContain("keep");
    });

    test("nothing of it goes unless that is asked for, and a dry run changes nothing", async () => {
      const { pair, at, remove } = await copied(registry);
      const before = await tags(pair);
      const dry = await remove(at, { dryRun: true });
      expect(dry.tags).toContain(attachmentTag(image, "sig"));
      expect(dry.manifests).toEqual(expect.arrayContaining([image.digest, cosign.digest, bundle.digest]));
      expect([await tags(pair), await left(pair)]).toEqual([before, parts]);
      await remove(at, { referrers: false });
      expect(await tags(pair)).toEqual(before.filter((tag) => tag !== "1"));
      expect(await left(pair)).toEqual(expect.arrayContaining([bundle.digest, sbom.digest, cosign.digest]));
    });
  },
);
