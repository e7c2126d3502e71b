import { describe, expect, test } from "vitest";
import type { Digest, Plan, PlanItem, ReportItem } from "../../../engine/index.ts";
import { buildImage } from "../../support/images/index.ts";
import { type Pair, startPair, stored } from "../pair.ts";

const images = ["first", "second", "third"].map((seed) => buildImage({ seed, layers: [400] }));

/** Three images, each following the one before it. */
async function chain(pair: Pair): Promise<Plan> {
  const items: PlanItem[] = [];
  for (const [number, image] of images.entries()) {
    const source = await pair.seed(image, "from/app", String(number));
    const plan = await pair.engine.plan({ source, destination: pair.at(`to/app:${number}`) });
    items.push(...plan.items.map((item) => (number === 0 ? item : { ...item, follows: number - 1 })));
  }
  return { items };
}

describe("what follows an item", () => {
  test("is begun when the item is in place", async () => {
    const pair = await startPair();
    const plan = stored(await chain(pair));
    const puts: string[] = [];
    pair.destination.intercept = ({ method, kind, reference }) => {
      if (method === "PUT" && kind === "manifest") puts.push(reference ?? "");
      return undefined;
    };
    const ended: ReportItem[] = [];
    const report = await pair.engine.apply(plan, { onItem: (item) => ended.push(item) });
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
    expect(puts).toEqual(["0", "1", "2"]);
    expect(ended).toEqual(report.items);
  });

  test("is left when it fails, and so is what follows that; others go on", async () => {
    const pair = await startPair();
    const { items } = await chain(pair);
    const free = items.map(({ follows: _follows, ...item }, number) => ({
      ...item,
      destination: pair.at(`to/free:${number}`),
    }));
    const damaged = images[0]?.blobs[1]?.digest;
    pair.source.intercept = ({ reference }) => (reference === damaged ? { respond: { status: 403 } } : undefined);
    const report = await pair.engine.apply({ items: [...items, ...free.slice(1)] });
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["failed", "left", "left", "done", "done"]);
    expect(report.items[1]?.reason).toContain("to/app:0");
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });

  test.each([0, 1, 5, -1, 0.5, Number.NaN])("cannot come before it or be nothing (%d)", async (follows) => {
    const pair = await startPair();
    const [item] = (await chain(pair)).items;
    if (item === undefined) throw new Error("There is no item");
    pair.resetCounts();
    await expect(pair.engine.apply({ items: [{ ...item, follows }] })).rejects.toMatchObject({ code: "config" });
    expect(pair.destination.counts()).toEqual({});
  });
});

describe("a choice of what an item follows", () => {
  const subject = images[0]?.digest as Digest;

  test("is taken in its order, also from behind the item", async () => {
    const pair = await startPair();
    const { items } = await chain(pair);
    const [one, two, three] = items.map(({ follows: _follows, ...item }) => item) as [PlanItem, PlanItem, PlanItem];
    const conflict: PlanItem = { ...one, action: "conflict" };
    const report = await pair.engine.apply({
      items: [conflict, { ...two, subject, follows: 0, orFollows: [2, 3] }, conflict, three],
    });
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["failed", "done", "failed", "done"]);
    const none = await pair.engine.apply({
      items: [conflict, { ...two, subject, follows: 0, orFollows: [2] }, conflict],
    });
    expect(none.items.map(({ outcome }) => outcome)).toEqual(["failed", "left", "failed"]);
    expect(none.items[1]?.reason).toContain("to/app:0");
  });

  test.each<[string, readonly Partial<PlanItem>[]]>([
    ["what waits for it", [{}, { subject, follows: 0, orFollows: [2] }, { follows: 1 }]],
    [
      "what belongs to something and waits for it",
      [{}, { subject, follows: 0, orFollows: [2] }, { subject, follows: 1 }],
    ],
    ["itself", [{}, { subject, follows: 0, orFollows: [1] }, {}]],
    ["what deletes", [{}, { subject, follows: 0, orFollows: [2] }, { action: "delete" }]],
    ["nothing", [{}, { subject, follows: 0, orFollows: [7] }, {}]],
    ["half of something", [{}, { subject, follows: 0, orFollows: [0.5] }, {}]],
    ["something although it belongs to nothing", [{}, { follows: 0, orFollows: [2] }, {}]],
    ["something although it has to follow nothing", [{}, { subject, orFollows: [2] }, {}]],
    ["each other", [{}, { subject, follows: 0, orFollows: [2] }, { subject, follows: 0, orFollows: [1] }]],
  ])("cannot be %s", async (_name, changes) => {
    const pair = await startPair();
    const { items } = await chain(pair);
    const plan = items.map(({ follows: _follows, ...item }, at): PlanItem => ({ ...item, ...changes[at] }));
    pair.resetCounts();
    await expect(pair.engine.apply({ items: plan })).rejects.toMatchObject({ code: "config" });
    expect(pair.destination.counts()).toEqual({});
  });
});

describe("failing fast", () => {
  test("begins nothing after the first failure, and says that the rest is left", async () => {
    const pair = await startPair();
    const { items } = await chain(pair);
    const conflict: PlanItem = { ...(items[0] as PlanItem), action: "conflict", reason: "not to be replaced" };
    const plan = { items: [conflict, ...Array.from({ length: 200 }, (_, at) => items[at % 2] as PlanItem)] };
    const { items: told } = await pair.engine.apply(
      { items: plan.items.map(({ follows: _f, ...item }) => item) },
      { failFast: true },
    );
    expect(told[0]).toMatchObject({ outcome: "failed", error: { code: "conflict" } });
    const left = told.filter(({ outcome }) => outcome === "left");
    expect(left.length).toBeGreaterThan(100);
    expect(told.every(({ outcome }) => outcome === "failed" || outcome === "left" || outcome === "done")).toBe(true);
    expect(told.at(-1)?.outcome).toBe("left");
  });
});
