import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSelection, type Selection, selectTags } from "../../../engine/index.ts";
import { compareVersions, isVersion, parseVersion, type Version } from "../../../engine/select/version.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";
import { anyTag } from "./arbitrary-tag.ts";

const upstream = ["latest", "1.0.0", "1.10.0", "1.9.3", "2.0.0-rc.1", "1.9.3-alpine", "1.10.0-alpine", "2023.01.01"];

describe("modes", () => {
  test.each<[string, Selection, readonly string[], string | undefined]>([
    ["every tag in its order when no mode is given", {}, upstream, "1.10.0"],
    ["every tag in its order", { mode: "all" }, upstream, "1.10.0"],
    ["the highest version", { mode: "highest" }, ["1.10.0"], "1.10.0"],
    ["every version, lowest first", { mode: "semver" }, ["1.0.0", "1.9.3", "1.10.0"], "1.10.0"],
    ["the highest prerelease", { mode: "highest", allowPrerelease: true }, ["2.0.0-rc.1"], "2.0.0-rc.1"],
    [
      "every version with prereleases",
      { mode: "semver", allowPrerelease: true },
      ["1.0.0", "1.9.3-alpine", "1.9.3", "1.10.0-alpine", "1.10.0", "2.0.0-rc.1"],
      "2.0.0-rc.1",
    ],
    ["a flavour", { mode: "semver", compatibility: "alpine" }, ["1.9.3-alpine", "1.10.0-alpine"], "1.10.0-alpine"],
    ["the highest of a flavour", { mode: "highest", compatibility: "alpine" }, ["1.10.0-alpine"], "1.10.0-alpine"],
    ["plain versions", { mode: "highest", compatibility: "", allowPrerelease: true }, ["1.10.0"], "1.10.0"],
    ["a major number", { mode: "highest", pinnedMajor: 2, allowPrerelease: true }, ["2.0.0-rc.1"], "2.0.0-rc.1"],
    ["a major number nobody has", { mode: "highest", pinnedMajor: 3 }, [], undefined],
    ["a range", { mode: "semver", range: "~1.9 || <1.1" }, ["1.0.0", "1.9.3"], "1.9.3"],
    ["a range of all tags", { range: ">=1.9.3-a <2" }, ["1.10.0", "1.9.3", "1.9.3-alpine", "1.10.0-alpine"], "1.10.0"],
    ["the latest two", { mode: "semver", keepLatest: 2 }, ["1.9.3", "1.10.0"], "1.10.0"],
    ["the latest two of all tags", { keepLatest: 2 }, ["1.10.0", "2.0.0-rc.1"], "1.10.0"],
    ["more than there are", { mode: "semver", keepLatest: 99 }, ["1.0.0", "1.9.3", "1.10.0"], "1.10.0"],
    ["globs", { include: ["1.9*", "{latest,stable}"] }, ["latest", "1.9.3", "1.9.3-alpine"], "1.9.3"],
    [
      "globs and expressions",
      { include: ["latest"], includeRegex: [String.raw`1\.0.*`] },
      ["latest", "1.0.0"],
      "1.0.0",
    ],
    ["all but some", { mode: "highest", exclude: ["1.1*"] }, ["1.9.3"], "1.9.3"],
    [
      "all but some by expressions",
      { mode: "semver", excludeRegex: [String.raw`1\.\d{2,}\.0`] },
      ["1.0.0", "1.9.3"],
      "1.9.3",
    ],
    ["patterns of nothing", { mode: "highest", include: [], exclude: [] }, ["1.10.0"], "1.10.0"],
    ["names", { tags: ["stable", "1.0", "stable"] }, ["stable", "1.0"], "1.0"],
    ["the highest of names", { tags: ["3.0", "stable", "1.0"], mode: "highest" }, ["3.0"], "3.0"],
  ])("%s", (_name, selection, tags, highest) => {
    const selected = selectTags(upstream, selection);
    expect([selected.tags, selected.highest]).toEqual([tags, highest]);
  });
});

describe("higher", () => {
  test.each<[string, readonly string[], Selection, readonly string[]]>([
    ["above the destination's highest", ["1.0.0", "1.9.3"], {}, ["1.10.0"]],
    ["nothing that is there", ["1.10.0"], {}, []],
    ["nothing that is there under another tag", ["v1.10"], {}, []],
    ["a prerelease at the destination does not count", ["1.9.3", "2.0.0-rc.1"], {}, ["1.10.0"]],
    ["nor does a date", ["1.9.3", "20230101", "latest"], {}, ["1.10.0"]],
    ["nor what is excluded", ["1.9.3", "9.9.9"], { exclude: ["9*"] }, ["1.10.0"]],
    ["a flavour has its own highest", ["1.9.3-alpine", "1.10.0"], { compatibility: "alpine" }, ["1.10.0-alpine"]],
    ["a major number has its own highest", ["1.9.3", "2.0.0"], { pinnedMajor: 1 }, ["1.10.0"]],
    ["nothing for an empty destination", [], {}, []],
    ["nothing for one without versions", ["latest"], {}, []],
    ["the highest for an empty destination", [], { higherOnEmpty: "highest" }, ["1.10.0"]],
    ["everything for an empty destination", [], { higherOnEmpty: "all" }, ["1.0.0", "1.9.3", "1.10.0"]],
    ["no more than the latest", [], { higherOnEmpty: "all", keepLatest: 1 }, ["1.10.0"]],
    ["without regard to that choice when there is one", ["1.9.3"], { higherOnEmpty: "all" }, ["1.10.0"]],
  ])("%s", (_name, existing, selection, tags) => {
    expect(selectTags(upstream, { mode: "higher", ...selection }, existing).tags).toEqual(tags);
  });
});

test("of several tags for one version the one that says most is the highest, whatever their order", () => {
  const ties = ["v1.0.0", "1", "1.0.0", "v1", "1.0", "v1.0"];
  for (const tags of [ties, ties.toReversed(), ties.toSorted()]) {
    expect(selectTags(tags, { mode: "highest" }).tags).toEqual(["1.0.0"]);
    expect(selectTags(tags, { mode: "semver" }).tags).toEqual(["v1", "1", "v1.0", "1.0", "v1.0.0", "1.0.0"]);
  }
});

test("tags that belong to images are never selected, and it says why", () => {
  const tags = [`sha256-${"a".repeat(64)}.sig`, `sha256-${"b".repeat(64)}`, `imagesync-previous.${"c".repeat(32)}.1.0`];
  for (const mode of ["all", "semver", "highest", "higher"] as const) {
    const selection: Selection = { mode, include: ["**"], higherOnEmpty: "all", allowPrerelease: true };
    expect(selectTags(tags, selection)).toEqual({
      tags: [],
      ignored: [
        { tag: tags[2], why: "it keeps an earlier image" },
        { tag: tags[0], why: "it belongs to another image" },
        { tag: tags[1], why: "it belongs to another image" },
      ],
      ignoredCount: 3,
    });
  }
});

test("it says of each tag that is not selected why, for people", () => {
  const selection: Selection = { mode: "semver", exclude: ["1.0*"], range: "<1.10", keepLatest: 1 };
  const tags = [...upstream, "1.8.0", "1.2.3-01"];
  expect(selectTags(tags, selection).ignored).toEqual([
    { tag: "1.0.0", why: '"1.0*" excludes it' },
    { tag: "1.10.0", why: "it is not in the range" },
    { tag: "1.10.0-alpine", why: "it is a prerelease" },
    { tag: "1.2.3-01", why: "it is no version: a number of its prerelease part begins with 0" },
    { tag: "1.8.0", why: "there are enough higher versions" },
    { tag: "1.9.3-alpine", why: "it is a prerelease" },
    { tag: "2.0.0-rc.1", why: "it is a prerelease" },
    { tag: "2023.01.01", why: "it is no version but a date or a build: its first number is above 1024" },
    { tag: "latest", why: "it is no version" },
  ]);
});

test("a hundred thousand tags are no trouble, and the reasons stay readable", () => {
  const tags = Array.from({ length: 100_000 }, (_, index) => `1.${index % 1000}.${Math.floor(index / 1000)}`);
  const selected = selectTags(tags, { mode: "highest", include: ["1.*"], excludeRegex: ["(a+)+"] });
  expect(selected).toMatchObject({ tags: ["1.999.99"], ignoredCount: 99_999 });
  expect(selected.ignored).toHaveLength(1000);
});

test.each<[string, Selection]>([
  ["mode", { mode: "newest" as "highest" }],
  ["higherOnEmpty", { higherOnEmpty: "some" as "all" }],
  ["keepLatest", { keepLatest: 0 }],
  ["keepLatest", { keepLatest: 1.5 }],
  ["keepLatest", { keepLatest: Number.NaN }],
  ["pinnedMajor", { pinnedMajor: -1 }],
  ["pinnedMajor", { pinnedMajor: 2023 }],
  ["compatibility", { compatibility: "al pine" }],
  ["compatibility", { compatibility: "01" }],
  ["compatibility", { compatibility: "a+b" }],
  ["range", { range: "newer" }],
  ["range", { range: "" }],
  ["include", { include: ["1.*", "{"] }],
  ["exclude", { exclude: ["\u{1b}[x-]"] }],
  ["includeRegex", { includeRegex: ["("] }],
  ["excludeRegex", { excludeRegex: [String.raw`(a)\1`] }],
  ["include", { include: Array.from({ length: 1001 }, () => "*") }],
  ["tags", { tags: [] }],
  ["tags", { tags: ["1.0", "-x"] }],
  ["tags", { tags: ["a/b:c"] }],
  ["tags", { tags: [`sha256-${"a".repeat(64)}.sig`] }],
])("a wrong %s is refused by its name: %j", async (field, selection) => {
  const error = await failureOf(() => checkSelection(selection));
  expect(error).toMatchObject({ code: "config", message: expect.stringContaining(`Invalid "${field}"`) as unknown });
  expect(error?.hint).toBeTruthy();
  expect(hasControlCharacters(error?.message ?? "")).toBe(false);
  expect(await failureOf(() => selectTags([], selection))).toMatchObject({ code: "config" });
});

describe("whatever a repository has", () => {
  const tags = fc.array(anyTag, { maxLength: 25 });
  const filter: fc.Arbitrary<Selection> = fc.record(
    {
      allowPrerelease: fc.boolean(),
      compatibility: fc.constantFrom("", "alpine", "rc.1"),
      pinnedMajor: fc.nat({ max: 3 }),
      range: fc.constantFrom(">=1", "<2", "~1.2 || ^3", "*"),
      include: fc.constant(["1*", "v*"]),
      exclude: fc.constant(["*-rc*"]),
      keepLatest: fc.integer({ min: 1, max: 5 }),
      higherOnEmpty: fc.constantFrom("none" as const, "highest" as const, "all" as const),
    },
    { requiredKeys: [] },
  );
  const selections = fc
    .tuple(filter, fc.constantFrom("highest" as const, "higher" as const, "semver" as const, "all" as const))
    .map(([rest, mode]): Selection => ({ ...rest, mode }));

  test("the highest is among the versions, and those are among all tags", () => {
    fc.assert(
      fc.property(tags, filter, (tags, filter) => {
        const highest = selectTags(tags, { ...filter, mode: "highest" }).tags;
        const semver = selectTags(tags, { ...filter, mode: "semver" });
        const all = selectTags(tags, { include: filter.include, exclude: filter.exclude }).tags;
        expect(highest).toEqual(semver.tags.slice(-1));
        expect(semver.highest).toBe(highest[0]);
        expect(all).toEqual(expect.arrayContaining([...semver.tags]));
        expect(tags).toEqual(expect.arrayContaining([...all]));
      }),
    );
  });

  test("the order in which it lists them has no influence", () => {
    const shuffled = tags.chain((tags) =>
      fc.tuple(fc.constant(tags), fc.shuffledSubarray(tags, { minLength: tags.length, maxLength: tags.length })),
    );
    fc.assert(
      fc.property(shuffled, tags, selections, ([tags, others], existing, selection) => {
        const one = selectTags(tags, selection, existing);
        const other = selectTags(others, selection, existing.toReversed());
        const order = selection.mode === "all" ? one.tags.toSorted() : one.tags;
        expect(selection.mode === "all" ? other.tags.toSorted() : other.tags).toEqual(order);
        expect([other.highest, other.ignored]).toEqual([one.highest, one.ignored]);
      }),
    );
  });

  test("what is higher is strictly above every version of the destination", () => {
    fc.assert(
      fc.property(tags, tags, fc.boolean(), (tags, existing, allowPrerelease) => {
        const selected = selectTags(tags, { mode: "higher", allowPrerelease }, existing).tags;
        const there = selectTags(existing, { mode: "semver", allowPrerelease }).tags;
        for (const tag of selected) {
          for (const other of there) expect(compareVersions(version(tag), version(other))).toBeGreaterThan(0);
        }
        const rest = selectTags(tags, { mode: "semver", allowPrerelease }).tags.filter(
          (tag) => !selected.includes(tag),
        );
        const top = there.at(-1);
        for (const tag of top === undefined ? [] : rest) {
          expect(compareVersions(version(tag), version(top ?? ""))).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test("selecting from what was selected changes nothing, and what is higher is nothing once it is there", () => {
    fc.assert(
      fc.property(tags, tags, selections, (tags, existing, selection) => {
        const once = selectTags(tags, selection, existing);
        const again = selectTags(once.tags, selection, existing);
        expect([again.tags, again.highest, again.ignored]).toEqual([once.tags, once.highest, []]);
        const higher = { ...selection, mode: "higher" } as const;
        const copied = selectTags(tags, higher, existing).tags;
        expect(copied.length === 0 || selectTags(tags, higher, [...existing, ...copied]).tags.length === 0).toBe(true);
      }),
    );
  });

  test("each tag is selected, or there is a reason", () => {
    fc.assert(
      fc.property(tags, tags, selections, (tags, existing, selection) => {
        const { tags: selected, ignored, ignoredCount } = selectTags(tags, selection, existing);
        expect([...selected, ...ignored.map(({ tag }) => tag)].toSorted()).toEqual([...new Set(tags)].toSorted());
        expect(ignoredCount).toBe(ignored.length);
      }),
    );
  });
});

function version(tag: string): Version {
  const parsed = parseVersion(tag);
  if (!isVersion(parsed)) throw new Error(`${tag}: ${parsed.why}`);
  return parsed;
}
