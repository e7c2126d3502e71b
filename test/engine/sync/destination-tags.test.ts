import { describe, expect, test } from "vitest";
import type { Plan, Policy } from "../../../engine/index.ts";
import { buildImage, type TestManifest } from "../../support/images/index.ts";
import { type Pair, type PairOptions, startPair } from "../pair.ts";
import { pushTags, setRule } from "./tag-sets.ts";

const tagCount = 160;
/** Two images under all tags, so that a set is quickly pushed. */
const [image, other] = ["one", "other"].map((seed) => buildImage({ seed, layers: [100] })) as [
  TestManifest,
  TestManifest,
];
const names = Array.from({ length: tagCount }, (_, position) => `v${position}`);
const last = `v${tagCount - 1}`;
const all = Object.fromEntries(names.map((name, position) => [name, position % 7 === 0 ? other : image]));

/** What is on its way when the first answers are there; far fewer than there are tags. */
const few = expect.toSatisfy((count: number) => count >= 8 && count <= tagCount / 2) as number;

/** A source with all tags, and a destination with the given ones. */
async function start(present: Readonly<Record<string, TestManifest>>, options: PairOptions = {}): Promise<Pair> {
  const pair = await startPair(options);
  await pushTags(pair.source.host, "from/app", all);
  await pushTags(pair.destination.host, "to/app", present);
  pair.resetCounts();
  return pair;
}

function actions({ items }: Plan): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of items) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** The tags of the destination after the plan was applied, each as it is at the source. */
async function expectAll(pair: Pair, plan: Plan): Promise<void> {
  const { items } = await pair.engine.apply(plan);
  expect(items.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  const held = await Promise.all(names.map(async (name) => [name, await pair.tagged(pair.at(`to/app:${name}`))]));
  expect(Object.fromEntries(held)).toEqual(Object.fromEntries(names.map((name) => [name, all[name]?.digest])));
}

/** The requests at the destination for what its tags hold and which it has. */
function asked({ destination }: Pair): { heads: number; lists: number } {
  const counts = destination.counts();
  return { heads: counts["HEAD manifest"] ?? 0, lists: counts["GET tags"] ?? 0 };
}

describe("what the tags of a set hold at the destination", () => {
  test("is told by its list where there is none: not each is asked for", async () => {
    const pair = await start({});
    const plan = await pair.engine.plan(setRule(pair));
    expect(actions(plan)).toEqual({ copy: tagCount });
    expect(asked(pair)).toEqual({ heads: few, lists: 1 });
    await expectAll(pair, plan);
  });

  test("is told by its list where it has others only", async () => {
    const pair = await start({ unrelated: image });
    const plan = await pair.engine.plan(setRule(pair));
    expect(actions(plan)).toEqual({ copy: tagCount });
    expect(asked(pair)).toEqual({ heads: few, lists: 1 });
    await expectAll(pair, plan);
    expect(await pair.tagged(pair.at("to/app:unrelated"))).toBe(image.digest);
  });

  test("is asked for what the list has, also where the first ones are missing", async () => {
    const present = Object.fromEntries(Object.entries(all).slice(-40));
    const pair = await start({ ...present, [last]: all[last] === image ? other : image });
    const plan = await pair.engine.plan(setRule(pair, { tags: names }));
    expect(actions(plan)).toEqual({ copy: tagCount - 40, skip: 39, tag: 1 });
    expect(asked(pair).lists).toBe(1);
    await expectAll(pair, plan);
  });

  test("is asked for each where one of the first is there: what is in place is never listed", async () => {
    const pair = await start({ v0: other });
    const plan = await pair.engine.plan(setRule(pair, { tags: names }));
    expect(actions(plan)).toEqual({ copy: tagCount - 1, skip: 1 });
    expect(asked(pair)).toEqual({ heads: tagCount, lists: 0 });
    await expectAll(pair, plan);
  });

  test("is asked for each where few are wanted", async () => {
    const pair = await start({});
    const plan = await pair.engine.plan(setRule(pair, { tags: names.slice(0, 8) }));
    expect(actions(plan)).toEqual({ copy: 8 });
    expect(asked(pair)).toEqual({ heads: 8, lists: 0 });
  });

  test("is asked for each where it has more tags than one page lists", async () => {
    const unrelated = Object.fromEntries(Array.from({ length: 30 }, (_, position) => [`other-${position}`, image]));
    const pair = await start(unrelated, { destination: { maxTagsPerPage: 20 } });
    const plan = await pair.engine.plan(setRule(pair));
    expect(actions(plan)).toEqual({ copy: tagCount });
    expect(asked(pair)).toEqual({ heads: tagCount, lists: 1 });
    await expectAll(pair, plan);
  });

  test.each([401, 403, 404, 405, 500])("is asked for each where its list is refused with %i", async (status) => {
    const pair = await start({ [last]: all[last] ?? image });
    pair.destination.intercept = ({ kind }) => (kind === "tags" ? { respond: { status } } : undefined);
    const plan = await pair.engine.plan(setRule(pair, { tags: names }));
    expect(plan.failures).toBeUndefined();
    expect(actions(plan)).toEqual({ copy: tagCount - 1, skip: 1 });
    expect(asked(pair).heads).toBe(tagCount);
  });

  test("may be there though its list does not have it yet: then it is put there once more", async () => {
    const pair = await start({ [last]: other });
    const tags = { name: "to/app", tags: null };
    pair.destination.intercept = ({ kind }) =>
      kind === "tags" ? { respond: { status: 200, body: JSON.stringify(tags) } } : undefined;
    const plan = await pair.engine.plan(setRule(pair, { tags: names }));
    expect(actions(plan)).toEqual({ copy: tagCount });
    pair.destination.intercept = undefined;
    await expectAll(pair, plan);
  });

  test.each<NonNullable<Policy["onConflict"]>>(["keep", "fail"])(
    "is asked for each where on_conflict is %s: a list that lags behind must not decide that",
    async (onConflict) => {
      const pair = await start({ [last]: all[last] === image ? other : image });
      const plan = await pair.engine.plan(setRule(pair, { tags: names }, { onConflict }));
      expect(actions(plan)).toEqual({ copy: tagCount - 1, [onConflict === "keep" ? "skip" : "conflict"]: 1 });
      expect(asked(pair)).toEqual({ heads: tagCount, lists: 0 });
    },
  );

  test("is asked for each where images count as the same by their ID: a list must not hide that they are", async () => {
    const built = { seed: "same", layers: [100] };
    const renamed = buildImage({ ...built, annotations: { note: "another manifest of the same image" } });
    const pair = await start({ [last]: renamed });
    await pushTags(pair.source.host, "from/app", { [last]: buildImage(built) });
    const tags = { name: "to/app", tags: null };
    pair.destination.intercept = ({ kind }) =>
      kind === "tags" ? { respond: { status: 200, body: JSON.stringify(tags) } } : undefined;
    const plan = await pair.engine.plan(setRule(pair, { tags: names }, { sameImage: "image-id" }));
    expect(actions(plan)).toEqual({ copy: tagCount - 1, skip: 1 });
    await pair.engine.apply(plan);
    expect(await pair.tagged(pair.at(`to/app:${last}`))).toBe(renamed.digest);
  });

  test("is told by the list that a selection needs anyway, from the first tag on", async () => {
    const pair = await start({ unrelated: image });
    const plan = await pair.engine.plan(setRule(pair, {}, { deletions: { maxShare: 1 } }));
    expect(actions(plan)).toEqual({ copy: tagCount, delete: 1 });
    expect(asked(pair)).toEqual({ heads: 1, lists: 1 });
  });
});
