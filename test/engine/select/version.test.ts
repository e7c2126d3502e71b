import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareTags, compareVersions, isVersion, parseVersion, type Version } from "../../../engine/select/version.ts";
import { versionTag } from "./arbitrary-tag.ts";

describe("a tag is a version", () => {
  test.each([
    ["1", 1n, 0n, 0n, ""],
    ["v1", 1n, 0n, 0n, ""],
    ["1.2", 1n, 2n, 0n, ""],
    ["v1.2.3", 1n, 2n, 3n, ""],
    ["1.02.3", 1n, 2n, 3n, ""],
    ["01.002.0003", 1n, 2n, 3n, ""],
    ["1.2.3-alpine", 1n, 2n, 3n, "alpine"],
    ["1-alpine3.18", 1n, 0n, 0n, "alpine3.18"],
    ["1.2-rc.1.x-y", 1n, 2n, 0n, "rc.1.x-y"],
    ["1.2.3--", 1n, 2n, 3n, "-"],
    ["1.2.3-0", 1n, 2n, 3n, "0"],
    ["1.2.3-01a", 1n, 2n, 3n, "01a"],
    ["1.2.3+build.01", 1n, 2n, 3n, ""],
    ["1.2.3-rc+build", 1n, 2n, 3n, "rc"],
    ["1024.0.0", 1024n, 0n, 0n, ""],
    ["1.18446744073709551615.0", 1n, 18446744073709551615n, 0n, ""],
  ])("%s", (tag, major, minor, patch, prerelease) => {
    expect(parseVersion(tag)).toMatchObject({ tag, major, minor, patch, prerelease });
  });
});

describe("a tag is no version", () => {
  test.each([
    "",
    "latest",
    "V1.2.3",
    "vv1",
    "v",
    "1.",
    ".1",
    "1..2",
    "1.2.3.4",
    "1.2.3-",
    "1.2.3-a..b",
    "1.2.3-a_b",
    "1_2",
    "1.x",
    " 1",
    "1\n",
    "-1",
    "1.2.3+",
    "１.2",
    "1".repeat(300),
  ])("for how it is written: %j", (tag) => {
    expect(parseVersion(tag)).toEqual({ why: "it is no version" });
  });

  test.each(["1.2.3-01", "1.2.3-rc.007", "1.2.3-00"])("for zeros in its prerelease: %s", (tag) => {
    expect(parseVersion(tag)).toEqual({ why: expect.stringContaining("begins with 0") as unknown });
  });

  test.each(["1.18446744073709551616", `1.2.${"9".repeat(100)}`, "18446744073709551616"])(
    "for numbers nobody can hold: %s",
    (tag) => {
      expect(parseVersion(tag)).toEqual({ why: expect.stringContaining("too large") as unknown });
    },
  );

  test.each(["1025", "2023.01.01", "20230101", "v1025.0.0-rc"])("for being a date or a build: %s", (tag) => {
    expect(parseVersion(tag)).toEqual({ why: expect.stringContaining("a date or a build") as unknown });
  });
});

test("versions are ordered as semver.org orders its examples", () => {
  const ascending = [
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-18446744073709551616",
    "1.0.0-99999999999999999999999",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-rc",
    "1.0.9007199254740992",
    "1.0.9007199254740993",
    "1.0.18446744073709551615",
    "1.1.0",
    "1.10.0",
    "2.0.0",
    "10.0.0",
  ].map(version);
  expect([...ascending].toReversed().sort(compareVersions)).toEqual(ascending);
});

test("of tags for one version the preferred one is the highest", () => {
  const ascending = ["v1", "01", "1", "v1.0", "1.00", "1.0", "v1.0.0", "1.00.0", "1.0.00", "1.0.0"];
  // The padded ones are of one length: the first in the alphabet is preferred.
  expect(compareTags(version("1.0.00"), version("1.00.0"))).toBeGreaterThan(0);
  expect(
    [...ascending]
      .toReversed()
      .map(version)
      .sort(compareTags)
      .map(({ tag }) => tag),
  ).toEqual(ascending);
});

test("whatever it is given, it answers", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), versionTag), (tag) => {
      const parsed = parseVersion(tag);
      expect(isVersion(parsed) ? parsed.tag === tag : parsed.why.startsWith("it is no version")).toBe(true);
    }),
  );
});

test("the order of tags is a total one", () => {
  const versions = versionTag.map(parseVersion).filter(isVersion);
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      expect(Math.sign(compareTags(a, b))).toBe(0 - Math.sign(compareTags(b, a)));
      expect(compareTags(a, b) === 0).toBe(a.tag === b.tag);
      const [low, middle, high] = [a, b, c].sort(compareTags) as [Version, Version, Version];
      expect(compareTags(low, middle)).toBeLessThanOrEqual(0);
      expect(compareTags(middle, high)).toBeLessThanOrEqual(0);
      expect(compareTags(low, high)).toBeLessThanOrEqual(0);
    }),
  );
});

function version(tag: string): Version {
  const parsed = parseVersion(tag);
  if (!isVersion(parsed)) throw new Error(`${tag}: ${parsed.why}`);
  return parsed;
}
