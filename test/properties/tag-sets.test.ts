import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Digest, mergePlans, type Plan, type Policy, type Rule, type Selection } from "../../engine/index.ts";
import { type Pair, startPair, stored } from "../engine/pair.ts";
import { pushTags, repositoryAt } from "../engine/sync/tag-sets.ts";
import { buildImage, buildPlatformIndex, type TestManifest } from "../support/images/index.ts";

const base = { seed: "base", size: 400 };
const shared = { seed: "same ID", layers: [base, 20] };
/** Few images for many tags, so that they share blobs, digests and image IDs. */
const images: readonly TestManifest[] = [
  buildImage(shared),
  buildImage({ ...shared, annotations: { by: "another manifest" } }),
  buildImage({ seed: "other", layers: [base] }),
  buildPlatformIndex({ seed: "platforms", layers: [50], shared: 400 }),
];

const anyImage = fc.constantFrom(...images);
const anyTag = fc.constantFrom("0.9.0", "1.0.0", "1.0.1", "1.1.0-rc.1", "2.0.0", "latest", "nightly");
const anyTags = fc.dictionary(anyTag, anyImage, { maxKeys: 7 });

const anySelection: fc.Arbitrary<Selection> = fc.record(
  {
    mode: fc.constantFrom("highest", "semver", "all"),
    allowPrerelease: fc.boolean(),
    keepLatest: fc.integer({ min: 1, max: 3 }),
    exclude: fc.constantFrom(["n*"], ["1.?.?"]),
  },
  { requiredKeys: [] },
);

const anyPolicy: fc.Arbitrary<Policy> = fc.record(
  {
    onConflict: fc.constantFrom("overwrite", "keep"),
    ours: fc.subarray(images.map(({ digest }) => digest as Digest)),
    replaceTags: fc.boolean(),
    sameImage: fc.constantFrom("digest", "image-id"),
    deletions: fc.record({ maxShare: fc.constantFrom(0.5, 1), allowEmptySource: fc.boolean() }),
    integrity: fc.constantFrom("tag", "manifests", "blobs"),
  },
  { requiredKeys: [] },
);

/** A pair for one run: hundreds would hold too many connections until the end of the test. */
async function startClosingPair(): Promise<Pair & AsyncDisposable> {
  const pair = await startPair();
  return {
    ...pair,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([pair.engine.close(), pair.source.close(), pair.destination.close()]);
    },
  };
}

async function digests(pair: Pair, tags: readonly string[]): Promise<Record<string, string | undefined>> {
  const entries = await Promise.all(
    tags.map(async (tag) => [tag, await pair.tagged(pair.at(`to/app:${tag}`))] as const),
  );
  return Object.fromEntries(entries);
}

const everyTag = ["0.9.0", "1.0.0", "1.0.1", "1.1.0-rc.1", "2.0.0", "latest", "nightly"];

test("a stored plan of any set does what it says, the next one has nothing to do, and what is kept is kept", async () => {
  await fc.assert(
    fc.asyncProperty(anyTags, anyTags, anySelection, anyPolicy, async (there, here, selection, policy) => {
      await using pair = await startClosingPair();
      // A repository without any tag is none.
      await pushTags(pair.source.host, "from/app", { ...there, nightly: images[0] as TestManifest });
      await pushTags(pair.destination.host, "to/app", here);
      const rule: Rule = {
        source: repositoryAt(pair.source.host, "from/app"),
        destination: repositoryAt(pair.destination.host, "to/app"),
        selection,
        policy,
      };
      const before = await digests(pair, everyTag);
      const plan = await pair.engine.plan(rule);
      expect(stored(plan)).toEqual(plan);
      expect((plan.failures ?? []).every(({ code }) => code === "limit")).toBe(true);
      const refused = plan.failures !== undefined;

      // Somewhere else, later.
      const report = await pair.newEngine().apply(stored(plan));
      const after = await digests(pair, everyTag);
      const expected = { ...before };
      for (const { item, outcome, error } of report.items) {
        expect(error).toBeUndefined();
        expect(outcome).toBe(item.action === "skip" ? "unchanged" : "done");
        expected[item.destination.tag ?? ""] = item.action === "delete" ? undefined : item.digest;
      }
      expect(after).toEqual(expected);
      const gone = new Set(plan.items.flatMap(({ action, destination: { tag } }) => (action === "delete" ? tag : [])));
      const replaced = everyTag.filter(
        (tag) => before[tag] !== undefined && !gone.has(tag) && after[tag] !== before[tag],
      );
      expect(policy.replaceTags === false ? replaced : []).toEqual([]);

      const again = await pair.newEngine().plan(rule);
      // What was too large a share of the destination's tags need not be one of those that it has now.
      const rest = again.items.filter(({ action }) => action !== "skip");
      expect(rest.filter(({ action }) => !(refused && action === "delete"))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("plans of several rules do the same one by one and merged", async () => {
  await fc.assert(
    fc.asyncProperty(anyTags, anyTags, async (first, second) => {
      await using pair = await startClosingPair();
      const sets = [first, second].map((tags) => ({ ...tags, nightly: images[1] as TestManifest }));
      const plansInto = async (folder: string): Promise<Plan[]> =>
        await Promise.all(
          sets.map((_tags, at) =>
            pair.engine.plan({
              source: repositoryAt(pair.source.host, `from/${at}`),
              destination: repositoryAt(pair.destination.host, `${folder}/${at}`),
              selection: {},
            }),
          ),
        );
      for (const [at, tags] of sets.entries()) await pushTags(pair.source.host, `from/${at}`, tags);
      for (const plan of await plansInto("alone")) await pair.engine.apply(plan);
      await pair.engine.apply(stored(mergePlans(await plansInto("merged"))));
      for (const [at, tags] of sets.entries()) {
        for (const tag of Object.keys(tags)) {
          expect(await pair.tagged(pair.at(`merged/${at}:${tag}`))).toBe(tags[tag as keyof typeof tags]?.digest);
          expect(await pair.tagged(pair.at(`alone/${at}:${tag}`))).toBe(tags[tag as keyof typeof tags]?.digest);
        }
      }
    }),
    { numRuns: 15 },
  );
});
