import { describe, expect, test } from "vitest";
import { compileRange, type RangeOptions } from "../../../engine/select/semver.ts";
import { isVersion, parseVersion } from "../../../engine/select/version.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";

const plain = { prereleases: false };
const prereleases = { prereleases: true };
const alpine = { prereleases: false, flavour: "alpine" };

describe("a version is in a range", () => {
  test.each<[string, string, RangeOptions]>([
    ["1.2.3", "1.2.3", plain],
    ["v1.2", "1.2.0", plain],
    ["1", ">=1 <2", plain],
    ["1.9.9", "^1.2", plain],
    ["1.2.9", "~1.2.3", plain],
    ["4.1.7", ">=1.2 <3 || ~4.1", plain],
    ["1.5.0", "1 - 2", plain],
    ["2.9.9", "1 - 2", plain],
    ["7.0.0", "*", plain],
    ["1.7.0", "1.x", plain],
    ["1.2.9007199254740993", ">1.2.9007199254740991", plain],
    ["1.2.18446744073709551615", "~1.2", plain],
    ["2.0.0-rc.1", ">=1.2", prereleases],
    ["2.0.0-rc.1", "*", prereleases],
    ["1.2.0-rc.1", "1.2.x", prereleases],
    ["1.2.3-alpine", ">=1.2.3", alpine],
    ["1.2.3-alpine", "1.2.3", alpine],
    ["1.2.3-alpine", "<=1.2.3-alpine", alpine],
    ["1.9.0-alpine", "^1.2.3-alpine", alpine],
  ])("%s in %s", (tag, range, options) => {
    expect(isIn(tag, range, options)).toBe(true);
  });

  test.each<[string, string, RangeOptions]>([
    ["2", ">=1 <2", plain],
    ["2.0.0", "^1.2", plain],
    ["3.5.0", ">=1.2 <3 || ~4.1", plain],
    ["1.2.9007199254740992", ">1.2.3 <1.2.9007199254740991", plain],
    ["2.0.0-rc.1", "<2", prereleases],
    ["1.2.0-rc.1", ">=1.2.0", prereleases],
    ["3.0.0-alpine", ">=1 <3", alpine],
    ["1.2.3-alpine", "<1.2.3", alpine],
    ["1.2.3", "<0.0.0-0", plain],
  ])("%s not in %s", (tag, range, options) => {
    expect(isIn(tag, range, options)).toBe(false);
  });
});

test.each([
  ["", "it is empty"],
  ["  ", "it is empty"],
  ["latest", "it cannot be read"],
  [">=1.2 <", "it cannot be read"],
  ["1.2.3.4", "it cannot be read"],
  ["^9007199254740993", "it cannot be read"],
  ["\u{1b}[31m", "it cannot be read"],
  [`${"1 || ".repeat(300)}1`, "characters, 1024 are possible"],
])("%j is refused as a range", async (range, why) => {
  const error = await failureOf(() => compileRange(range, plain));
  expect(error).toMatchObject({ code: "config", message: expect.stringContaining(why) as unknown });
  expect(hasControlCharacters(error?.message ?? "")).toBe(false);
});

function isIn(tag: string, range: string, options: RangeOptions): boolean {
  const version = parseVersion(tag);
  if (!isVersion(version)) throw new Error(version.why);
  return compileRange(range, options)(version);
}
