import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Selection, selectTags } from "../../../engine/index.ts";
import { compareTags, compareVersions, isVersion, parseVersion, type Version } from "../../../engine/select/version.ts";
import { answers, type TagAnswer } from "./answers.ts";
import { type Filter, printQuestions, questions } from "./questions.ts";

// The library that replicant and Helm read versions with, asked once: see masterminds.go.
const asked = questions();
const golden = answers(asked);
const rankOf = new Map(asked.tags.map((tag, index) => [tag, rank(golden.tags[index])]));

test("the answers are to these questions, and they are of every kind", () => {
  expect(createHash("sha256").update(printQuestions(asked)).digest("hex")).toBe(golden.questions);
  expect([golden.tags.length, golden.lists.length]).toEqual([10_000, 10_000]);
  for (const kind of ["-", "!", "date"]) {
    expect(golden.tags.filter((answer) => answer === kind).length).toBeGreaterThan(300);
  }
  expect(golden.lists.filter(({ ranks }) => ranks.length > 1).length).toBeGreaterThan(3000);
  expect(golden.lists.filter(({ higher }) => higher > 0).length).toBeGreaterThan(1000);
});

test("10,000 tags are read as Masterminds/semver reads them", () => {
  const read = asked.tags.map((tag) => reading(tag));
  const expected = golden.tags.map((answer) =>
    typeof answer === "string" ? answer : `${answer.numbers} ${answer.prerelease}`,
  );
  expect(differences(asked.tags, read, expected)).toEqual([]);
});

test("they are ordered as Masterminds/semver orders them", () => {
  const sorted = asked.tags.map(parseVersion).filter(isVersion).sort(compareTags);
  let place = 0;
  const places = sorted.map((version, index) => {
    const before = sorted[index - 1];
    if (before !== undefined && compareVersions(before, version) !== 0) place++;
    return place;
  });
  const tags = sorted.map(({ tag }) => tag);
  expect(
    differences(
      tags,
      places,
      tags.map((tag) => rankOf.get(tag)),
    ),
  ).toEqual([]);
});

test("10,000 lists are selected from as replicant selects, with ties in our order instead of a random one", () => {
  const found = asked.lists.map(({ filter, source, destination }) => {
    const selection = selectionOf(filter);
    const tags = source.map(tagAt);
    const existing = destination.map(tagAt);
    const ranks = selectTags(tags, { ...selection, mode: "semver" }).tags.map((tag) => rankOf.get(tag));
    const { tags: highest } = selectTags(tags, { ...selection, mode: "highest" });
    const { tags: higher } = selectTags(tags, { ...selection, mode: "higher" }, existing);
    return { ranks, highest: highest.map((tag) => rankOf.get(tag)), higher: higher.map((tag) => rankOf.get(tag)) };
  });
  const expected = golden.lists.map(({ ranks, higher }) => ({
    ranks,
    highest: ranks.slice(-1),
    higher: ranks.slice(ranks.length - higher),
  }));
  expect(found).toEqual(expected);
});

describe("numbers that do not fit into 64 bits", () => {
  // Masterminds/semver compares such a part of a prerelease as a word; https://semver.org/#spec-item-11 says that
  // numbers are compared as numbers, and are below every word.
  const deliberate = new Map([
    ["1.0.0-100000000000000000000 and 1.0.0-99999999999999999999", 1],
    ["1.0.0-99999999999999999999 and 1.0.0--", -1],
    ["1.0.0-99999999999999999999 and 1.0.0-5x", -1],
  ]);

  test.each(asked.pairs.map(([one, other], index) => ({ one, other, answer: golden.pairs[index] })))(
    "$one and $other",
    ({ one, other, answer }) => {
      const different = deliberate.get(`${one} and ${other}`);
      expect(different).not.toBe(answer);
      expect(Math.sign(compareVersions(version(one), version(other)))).toBe(different ?? answer);
    },
  );

  test("are all of the differences", () => {
    const different = asked.pairs.filter(
      ([one, other], index) => Math.sign(compareVersions(version(one), version(other))) !== golden.pairs[index],
    );
    expect(different.map((pair) => pair.join(" and "))).toEqual([...deliberate.keys()]);
  });
});

/** In the words of the answers. */
function reading(tag: string): string {
  const parsed = parseVersion(tag);
  if (isVersion(parsed)) return `${parsed.major}.${parsed.minor}.${parsed.patch} ${parsed.prerelease}`;
  if (parsed.why === "it is no version") return "-";
  return parsed.why.includes("a date") ? "date" : "!";
}

function selectionOf(filter: Filter): Selection {
  switch (filter.kind) {
    case "allow-prerelease":
      return { allowPrerelease: filter.value };
    case "compatibility":
      return { compatibility: filter.value };
    default:
      return { compatibility: "", pinnedMajor: filter.value };
  }
}

function differences(tags: readonly string[], found: readonly unknown[], expected: readonly unknown[]): unknown[] {
  return tags
    .map((tag, index) => ({ tag, found: found[index], expected: expected[index] }))
    .filter((one) => one.found !== one.expected);
}

function rank(answer: TagAnswer | undefined): number | undefined {
  return typeof answer === "object" ? answer.rank : undefined;
}

function tagAt(position: number): string {
  return asked.tags[position] ?? "";
}

function version(tag: string): Version {
  const parsed = parseVersion(tag);
  if (!isVersion(parsed)) throw new Error(`${tag}: ${parsed.why}`);
  return parsed;
}
