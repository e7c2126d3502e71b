import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { ReportItem } from "../../../engine/index.ts";
import { buildImage, push, type TestManifest } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";
import { setRule } from "./tag-sets.ts";

const tagCount = 2000;
const failingCount = 30;

/** As many images on one base, pushed without the engine. */
async function pushMany(pair: Pair): Promise<ReadonlyMap<string, TestManifest>> {
  const images = new Map<string, TestManifest>();
  const present = new Set<string>();
  const base = { seed: "base", size: 1000 };
  for (let number = 0; number < tagCount; number += 1) {
    const tag = `v${number}`;
    const image = buildImage({ seed: "config", layers: [base], annotations: { number: String(number) } });
    images.set(tag, image);
    await push(image, { host: pair.source.host, repository: "from/app", tag, present });
  }
  return images;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test("two thousand images with thirty failing: all others are done, and what they have cost is given back", async () => {
  const pair = await startPair();
  const images = await pushMany(pair);
  const failing = [...images]
    .filter((_image, at) => at % Math.floor(tagCount / failingCount) === 7)
    .slice(0, failingCount);
  const refused = new Set(failing.map(([tag]) => tag));
  pair.destination.intercept = ({ method, kind, reference }) =>
    method === "PUT" && kind === "manifest" && refused.has(reference ?? "") ? { respond: { status: 403 } } : undefined;
  const plan = await pair.engine.plan(setRule(pair));
  expect(plan.failures).toBeUndefined();
  expect(plan.items).toHaveLength(tagCount);
  const before = heapBytes();
  const told: Record<ReportItem["outcome"], number> = { done: 0, unchanged: 0, failed: 0, left: 0 };
  let ended = 0;
  let peak = 0;
  const onItem = ({ outcome }: ReportItem): void => {
    told[outcome] += 1;
    ended += 1;
    if (ended % 400 === 0) peak = Math.max(peak, heapBytes());
  };
  const { items } = await pair.engine.apply(plan, { onItem });
  expect(told).toEqual({ done: tagCount - failingCount, unchanged: 0, failed: failingCount, left: 0 });
  expect(new Set(items.filter(({ outcome }) => outcome === "failed").map(({ item }) => item.destination.tag))).toEqual(
    refused,
  );
  for (const { item, error } of items) {
    expect(error?.code).toBe(refused.has(item.destination.tag ?? "") ? "denied" : undefined);
  }
  // The manifests that the engine remembers, and what the registries of the test, in the same process, have got.
  expect(peak - before).toBeLessThan(48 * 1024 * 1024);
  pair.destination.intercept = undefined;
  pair.resetCounts();
  const again = await pair.newEngine().plan(setRule(pair));
  expect(
    again.items
      .filter(({ action }) => action !== "skip")
      .map(({ destination }) => destination.tag ?? "")
      .toSorted(),
  ).toEqual([...refused].toSorted());
});
