import { describe, expect, test } from "vitest";
import type { EngineEvent, Plan } from "../../../engine/index.ts";
import { buildImage, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const images = ["one", "two", "three"].map((seed) => buildImage({ seed, layers: [400] }));

/** One plan of several images, as a face puts it together. */
async function planAll(pair: Pair): Promise<Plan> {
  const plans = await Promise.all(
    images.map(async (image, number) => {
      const source = await pair.seed(image, "from/app", String(number));
      return await pair.engine.plan({ source, destination: pair.at(`to/app:${number}`) });
    }),
  );
  return { items: plans.flatMap(({ items }) => items) };
}

describe("a plan of several images", () => {
  test("is reported item by item, in its order", async () => {
    const pair = await startPair();
    const plan = await planAll(pair);
    const report = await pair.engine.apply(plan);
    expect(report.items.map(({ item, outcome }) => [item, outcome])).toEqual(plan.items.map((item) => [item, "done"]));
    expect(report.bytes).toBe(report.items.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const [number, image] of images.entries()) {
      expect(await pair.tree(pair.at(`to/app:${number}`))).toEqual(treeOf(image));
    }
  });

  test("goes on where one image fails, and says which", async () => {
    const pair = await startPair();
    const plan = await planAll(pair);
    const damaged = images[1]?.blobs[1]?.digest;
    pair.source.intercept = ({ reference }) => (reference === damaged ? { respond: { status: 403 } } : undefined);
    const report = await pair.engine.apply(plan);
    expect(report.items.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["done", undefined],
      ["failed", "denied"],
      ["done", undefined],
    ]);
    expect(report.items[1]?.error?.message).toContain(damaged);
  });

  test("applied twice moves nothing the second time", async () => {
    const pair = await startPair();
    const plan = await planAll(pair);
    await pair.engine.apply(plan);
    const again = await pair.engine.apply(plan);
    expect(again).toMatchObject({ bytes: 0 });
    expect(again.items.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  });
});

test("an empty plan does nothing", async () => {
  const pair = await startPair();
  expect(await pair.engine.apply({ items: [] })).toEqual({ items: [], bytes: 0, requests: 0 });
});

describe("an image is tried again", () => {
  test("for a failure that may pass, and events tell of it", async () => {
    const pair = await startPair({ engine: { retry: { attempts: 1 } } });
    const [image] = images;
    if (image === undefined) throw new Error("There is no image");
    const source = await pair.seed(image);
    let failures = 0;
    pair.destination.intercept = ({ kind, method }) => {
      if (kind !== "manifest" || method !== "PUT" || failures >= 2) return undefined;
      failures += 1;
      return { respond: { status: 502 } };
    };
    const events: EngineEvent[] = [];
    const item = await pair.copy(source, pair.at("to/app:1"), { onEvent: (event) => events.push(event) });
    expect(item).toMatchObject({ outcome: "done" });
    expect(events.filter(({ kind }) => kind === "retry")).toMatchObject([
      { operation: "copy", attempt: 1 },
      { operation: "copy", attempt: 2 },
    ]);
    // What has arrived at the first try is not sent again.
    expect(pair.destination.counts()["PUT upload"]).toBe(2);
  });

  test("three times, not for ever", async () => {
    const pair = await startPair({ engine: { retry: { attempts: 1 } } });
    const source = await pair.seed(images[0] ?? buildImage({ seed: "x" }));
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "PUT" ? { respond: { status: 502 } } : undefined;
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
      outcome: "failed",
      error: { code: "unavailable" },
    });
    expect(pair.destination.counts()["PUT manifest"]).toBe(3);
  });

  test.each([
    [400, "protocol"],
    [401, "unauthorized"],
    [403, "denied"],
    [413, "limit"],
    [429, "rate-limited"],
  ])("not for an answer of %i", async (status, code) => {
    const pair = await startPair({ engine: { retry: { attempts: 1 } } });
    const source = await pair.seed(images[0] ?? buildImage({ seed: "x" }));
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "PUT" ? { respond: { status } } : undefined;
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
      outcome: "failed",
      error: { code, side: "destination" },
    });
    expect(pair.destination.counts()["PUT manifest"]).toBe(1);
  });
});
