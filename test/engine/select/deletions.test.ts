import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkDeletions, type DeletionGuard, ImagesyncError, selectDeletions } from "../../../engine/index.ts";
import { failureOf } from "../failure.ts";
import { anyTag } from "./arbitrary-tag.ts";

const signature = `sha256-${"a".repeat(64)}.sig`;
const fallback = `sha256-${"b".repeat(64)}`;
const earlier = `imagesync-previous.${"c".repeat(32)}.1.0`;

describe("what nobody wants any more", () => {
  test("goes, in alphabetical order and each once", () => {
    const existing = ["d", "c", "b", "a", "b"];
    expect(selectDeletions({ existing, wanted: ["d", "c"], sourceTags: ["c", "d"], guard: {} })).toEqual(["a", "b"]);
  });

  test("is nothing while the destination has only what is wanted", () => {
    expect(selectDeletions({ existing: ["a"], wanted: ["a", "b"], sourceTags: ["a", "b"], guard: {} })).toEqual([]);
    expect(selectDeletions({ existing: [], wanted: [], sourceTags: [], guard: {} })).toEqual([]);
  });

  test("is never an earlier image, nor what belongs to another one", () => {
    const existing = ["a", signature, fallback, earlier];
    const guard = { maxShare: 1, allowEmptySource: true };
    expect(selectDeletions({ existing, wanted: [], sourceTags: [], guard })).toEqual(["a"]);
  });

  test("is never what is protected", () => {
    const existing = ["1.0", "2.0", "release-1", "latest"];
    const guard = { maxShare: 1, protect: ["release-*", "{latest,stable}"] };
    expect(selectDeletions({ existing, wanted: ["2.0"], sourceTags: ["2.0"], guard })).toEqual(["1.0"]);
  });
});

describe("deletions are refused", () => {
  test("when more than half of the tags would go, and it says how many and how to allow it", async () => {
    const error = await failureOf(() =>
      selectDeletions({ existing: ["a", "b", "c"], wanted: ["a"], sourceTags: ["a"], guard: {} }),
    );
    expect(error).toMatchObject({
      code: "limit",
      side: "destination",
      message: "Refused to delete 2 of the destination's 3 tags: a share of 0.5 is 1",
      hint: "If that is how it shall be, allow it: max_share = 0.67; or protect what has to stay",
    });
  });

  test("counting neither earlier images nor signatures nor protected tags among the destination's tags", async () => {
    const existing = ["a", "b", "keep", signature, fallback, earlier];
    const request = { existing, wanted: ["keep", "a"], sourceTags: ["a"] };
    expect(selectDeletions({ ...request, guard: { protect: ["keep"] } })).toEqual(["b"]);
    expect(await failureOf(() => selectDeletions({ ...request, guard: { protect: ["keep", "a"] } }))).toMatchObject({
      message: expect.stringContaining("Refused to delete 1 of the destination's 1 tag:") as unknown,
    });
  });

  test.each<[readonly string[], string]>([
    [[], "Refused to delete 1 tag of the destination: the source has no tags"],
    [["x"], "Refused to delete 1 tag of the destination: none of the source's 1 tag is selected"],
    [["x", "y"], "Refused to delete 1 tag of the destination: none of the source's 2 tags is selected"],
  ])("when nothing is wanted at all, whatever the share: %j", async (sourceTags, message) => {
    const request = { existing: ["a"], wanted: [], sourceTags };
    expect(await failureOf(() => selectDeletions({ ...request, guard: { maxShare: 1 } }))).toMatchObject({
      code: "limit",
      message,
    });
    expect(selectDeletions({ ...request, guard: { maxShare: 1, allowEmptySource: true } })).toEqual(["a"]);
    expect(await failureOf(() => selectDeletions({ ...request, guard: { allowEmptySource: true } }))).toMatchObject({
      code: "limit",
    });
  });

  test("when nothing is wanted but what is put beside", async () => {
    const request = { existing: ["a", "b", "stable"], beside: ["stable"], sourceTags: ["x"], guard: { maxShare: 1 } };
    expect(selectDeletions({ ...request, wanted: ["b"] })).toEqual(["a"]);
    expect(await failureOf(() => selectDeletions({ ...request, wanted: [] }))).toMatchObject({
      message: "Refused to delete 2 tags of the destination: none of the source's 1 tag is selected",
    });
  });

  test("for a guard or a selection that cannot be meant", async () => {
    for (const guard of [{ maxShare: -0.1 }, { maxShare: 1.1 }, { maxShare: Number.NaN }, { protect: ["a{"] }]) {
      expect(await failureOf(() => checkDeletions(guard))).toMatchObject({ code: "config" });
      const request = { existing: ["a"], wanted: ["a"], sourceTags: ["a"], guard };
      expect(await failureOf(() => selectDeletions(request))).toMatchObject({ code: "config" });
    }
    expect(await failureOf(() => checkDeletions({}, { mode: "higher" }))).toMatchObject({ code: "config" });
    for (const mode of [undefined, "all", "semver", "highest"] as const) {
      expect(await failureOf(() => checkDeletions({}, { mode }))).toBeUndefined();
    }
  });
});

test.each([
  [0.1, 10, 1],
  [0.3, 10, 3],
  [0.7, 10, 7],
  [0.29, 100, 29],
  [0.57, 100, 57],
  [0, 10, 0],
  [1, 10, 10],
])("a share of %d of %i tags is exactly %i", async (maxShare, count, allowed) => {
  const existing = Array.from({ length: count }, (_, index) => `t${index}`);
  const run = (gone: number): readonly string[] =>
    selectDeletions({ existing, wanted: ["new", ...existing.slice(gone)], sourceTags: ["new"], guard: { maxShare } });
  expect(run(allowed)).toHaveLength(allowed);
  const more = await failureOf(() => run(allowed + 1));
  expect(more?.code).toBe(allowed === count ? undefined : "limit");
});

test("whatever is there and wanted, only unwanted tags go, and no more than the guard allows", () => {
  const tags = fc.array(anyTag, { maxLength: 12 });
  fc.assert(
    fc.property(tags, tags, fc.double({ min: 0, max: 1, noNaN: true }), (existing, wanted, maxShare) => {
      const guard: DeletionGuard = { maxShare, protect: ["1.*"] };
      const deletions = unlessRefused(() => selectDeletions({ existing, wanted, sourceTags: wanted, guard }));
      expect(deletions.length).toBeLessThanOrEqual(maxShare * new Set(existing).size + 0.01);
      for (const tag of deletions) {
        expect(existing).toContain(tag);
        expect(wanted).not.toContain(tag);
        expect(tag).not.toMatch(/^(?:sha256-|imagesync-previous|1\.)/);
      }
    }),
  );
});

/** Nothing goes where the guard refuses. @throws what is no such refusal. */
function unlessRefused(select: () => readonly string[]): readonly string[] {
  try {
    return select();
  } catch (error) {
    if (error instanceof ImagesyncError && error.code === "limit") return [];
    throw error;
  }
}
