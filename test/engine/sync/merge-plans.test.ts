import { expect, test } from "vitest";
import { mergePlans, parseDigest, parseReference, type PlanItem } from "../../../engine/index.ts";

function item(tag: string, follows?: number): PlanItem {
  const reference = parseReference(`registry.example/app:${tag}`);
  const digest = parseDigest(`sha256:${"0".repeat(64)}`);
  return {
    source: reference,
    destination: reference,
    action: "copy",
    reason: "",
    digest,
    bytes: 0,
    ...(follows === undefined ? {} : { follows }),
  };
}

test("what follows an item still follows it in the merged plan", () => {
  const merged = mergePlans([
    { items: [item("a"), item("a.sig", 0)] },
    { items: [] },
    { items: [item("b"), item("c"), item("c.sig", 1)] },
  ]);
  const followed = merged.items.map(({ follows, destination }) => [
    destination.tag,
    follows === undefined ? undefined : merged.items[follows]?.destination.tag,
  ]);
  expect(followed).toEqual([
    ["a", undefined],
    ["a.sig", "a"],
    ["b", undefined],
    ["c", undefined],
    ["c.sig", "c"],
  ]);
});

test("failures and warnings of all plans are kept, each warning once", () => {
  const { source, destination } = item("a");
  const failed = { source, destination, code: "denied", message: "no" } as const;
  const merged = mergePlans([
    { items: [], failures: [failed], warnings: ["w"] },
    { items: [], failures: [failed], warnings: ["w", "v"] },
  ]);
  expect(merged).toEqual({ items: [], failures: [failed, failed], warnings: ["w", "v"] });
});

test("no plans are an empty plan", () => {
  expect(mergePlans([])).toEqual({ items: [] });
});
