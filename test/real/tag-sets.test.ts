import { describe, expect, onTestFinished, test } from "vitest";
import type { Engine, Plan, Reference, Report, Rule } from "../../engine/index.ts";
import { skopeoProgram } from "../acceptance/skopeo.ts";
import { stored } from "../engine/pair.ts";
import { repositoryAt } from "../engine/sync/tag-sets.ts";
import { buildImage, buildTagSet, push, type TestManifest, treeOf } from "../support/images/index.ts";
import { type CountingProxy, countingProxy } from "../support/registries/counting-proxy.ts";
import { dockerRegistryProgram } from "../support/registries/index.ts";
import { engineFor, type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const missing = [dockerRegistryProgram, skopeoProgram].includes(undefined);

const tagCount = 100;
/** Some tags name the same image. */
const imageCount = 80;
const onceEachOrALittleMore = expect.toSatisfy((count: number) => count >= tagCount && count < tagCount + 10) as number;

interface Stage {
  readonly source: ReachableRegistry;
  readonly destination: ReachableRegistry;
  readonly from: CountingProxy;
  readonly to: CountingProxy;
  readonly rule: Rule;
  readonly newEngine: () => Engine;
  readonly at: (tag: string) => Reference;
}

/** Two docker-registries, each behind a proxy that counts, and a repository at the source. */
async function stage(tags: ReadonlyMap<string, TestManifest>): Promise<Stage> {
  const [source, destination] = [await reachRegistry(), await reachRegistry()];
  const present = new Set<string>();
  for (const [tag, image] of tags) await push(image, { host: source.host, repository: "from/app", tag, present });
  const [from, to] = [await countingProxy(source.host), await countingProxy(destination.host)];
  onTestFinished(async () => {
    await Promise.all([from.close(), to.close()]);
  });
  return {
    source,
    destination,
    from,
    to,
    rule: { source: repositoryAt(from.host, "from/app"), destination: repositoryAt(to.host, "to/app"), selection: {} },
    newEngine: () => engineFor([from, to]),
    at: (tag) => destination.at(`to/app:${tag}`),
  };
}

function outcomes({ items }: Report): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of items) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

describe.skipIf(missing)("a repository of many tags between two docker-registries", () => {
  test("arrives whole, each blob and manifest read once; the next run costs a list and a HEAD per side and tag", async () => {
    const layers = { bases: 6, baseLayers: [600, 500, 400], ownLayers: [200, 100] };
    const tags = buildTagSet({ seed: "real set", tags: tagCount, manifests: imageCount, ...layers });
    const { from, to, rule, destination, newEngine, at } = await stage(tags);
    const engine = newEngine();
    const plan = await engine.plan(rule);
    expect(plan.failures).toBeUndefined();
    expect(outcomes(await engine.apply(plan))).toEqual({ done: tagCount });

    const blobs = new Set([...tags.values()].flatMap((image) => Object.keys(treeOf(image).blobs)));
    expect(from.counts()).toEqual({
      "GET tags": 1,
      "HEAD manifest": tagCount,
      "GET manifest": imageCount,
      "GET blob": blobs.size,
    });
    expect(to.counts()).toMatchObject({
      // What was on its way before it looked new, and its list then.
      "HEAD manifest": expect.toSatisfy((count: number) => count >= 8 && count < tagCount) as number,
      "GET tags": 1,
      "PUT upload": blobs.size,
      // Distribution 2.8 empties a link while it writes it anew, for another tag of the same image too. So now and then
      // it refuses a manifest, and is sent it again, or has not what it has just taken, and is asked once more.
      "GET manifest": onceEachOrALittleMore,
      "PUT manifest": onceEachOrALittleMore,
    });
    for (const [tag, image] of [...tags].filter((_tag, position) => position % 20 === 0)) {
      expect(await destination.tree(at(tag))).toEqual(treeOf(image));
      expect(await destination.witness(at(tag))).toBe(image.digest);
    }
    expect(await destination.openUploads()).toEqual([]);

    for (const later of [engine, newEngine()]) {
      from.reset();
      to.reset();
      const again = await later.plan(rule);
      expect(outcomes(await later.apply(again))).toEqual({ unchanged: tagCount });
      expect(from.counts()).toEqual({ "GET tags": 1, "HEAD manifest": tagCount });
      expect(to.counts()).toEqual({ "HEAD manifest": tagCount });
    }
  });
});

describe.skipIf(missing)("what the source has lost goes from a docker-registry, which deletes no tag by itself", () => {
  const shared = { seed: "base", size: 500 };
  const one = buildImage({ seed: "one", layers: [shared, 100] });
  const two = buildImage({ seed: "two", layers: [shared, 200] });

  test("and leaves neighbours with the same digest and the same layers whole", async () => {
    const { destination, rule, newEngine, at } = await stage(
      new Map([
        ["kept", one],
        ["other", two],
      ]),
    );
    await destination.seed(one, "to/app:kept");
    await destination.seed(one, "to/app:alias");
    await destination.seed(buildImage({ seed: "three", layers: [shared, 300] }), "to/app:lost");
    const engine = newEngine();
    const plan: Plan = stored(await engine.plan({ ...rule, policy: { deletions: { maxShare: 0.7 } } }));
    expect(plan.items.map(({ action, destination: { tag } }) => `${action} ${tag}`).toSorted()).toEqual([
      "copy other",
      "delete alias",
      "delete lost",
      "skip kept",
    ]);
    expect(outcomes(await engine.apply(plan))).toEqual({ done: 3, unchanged: 1 });
    expect((await destination.tags("to/app")).toSorted()).toEqual(["kept", "other"]);
    expect(await destination.tree(at("kept"))).toEqual(treeOf(one));
    expect(await destination.tree(at("other"))).toEqual(treeOf(two));
    expect(await destination.witness(at("kept"))).toBe(one.digest);
  });
});
