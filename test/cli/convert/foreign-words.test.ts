import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { selectTags } from "../../../engine/index.ts";
import { rangeOf, tagForDigest, wholeTag } from "../../../cli/convert/foreign-words.ts";

test.each([
  ["^1\\.13\\.[12]-alpine$", "1\\.13\\.[12]-alpine"],
  ["^a|b$", ".*(?:^a|b$).*"],
  ["rc", ".*(?:rc).*"],
  ["^v", ".*(?:^v).*"],
  ["^a\\$", ".*(?:^a\\$).*"],
  ["", ".*(?:).*"],
])("an expression %j that is looked for anywhere becomes %j for the whole tag", (found, whole) => {
  expect(wholeTag(found)).toBe(whole);
  const tags = ["v1", "a", "b", "xb", "ax", "1.13.1-alpine", "1.13.1-alpine2", "x-rc1"];
  const search = tags.filter((tag) => RE2JS.compile(found).matcher(tag).find());
  expect(tags.filter((tag) => RE2JS.compile(wholeTag(found)).matcher(tag).matches())).toEqual(search);
});

test.each([
  [[">=1.0, <2.0"], { range: ">=1.0 <2.0" }],
  [["=> 1 || ~4.1"], { range: ">= 1 || ~4.1" }],
  [[">=1.0", "=< 0.5"], { range: ">=1.0 || <= 0.5" }],
  [["!=1.5.0, >=1.0"], { range: ">=1.0", exclude: ["1.5.0", "v1.5.0"] }],
  [[">=1.0 != v1.2"], { range: ">=1.0", exclude: ["1.2", "v1.2", "1.2.*", "v1.2.*"] }],
  [["!=1.x"], { exclude: ["1", "v1", "1.*", "v1.*"] }],
  [["!=1.5.0-rc1", "~1.5.0"], { exclude: ["1.5.0-rc1", "v1.5.0-rc1"] }],
  [[""], {}],
  [[], {}],
])("constraints %j of Masterminds become %j", (constraints, words) => {
  expect(rangeOf(constraints)).toEqual({ mode: "semver", ...words });
});

test("what is not wanted by a constraint is not selected, and nothing else is lost", () => {
  const tags = ["1.1.0", "v1.2.0", "1.2.3", "1.20.0", "v1.5.0", "1.5.0", "1.5.1", "2.0.0"];
  const { range, exclude } = rangeOf([">=1.0, <2.0, !=1.2, !=1.5.0"]);
  expect(selectTags(tags, { mode: "semver", range, exclude }).tags.toSorted()).toEqual(["1.1.0", "1.20.0", "1.5.1"]);
});

test("a digest becomes a tag", () => {
  expect(tagForDigest(`sha256:${"ab".repeat(32)}`)).toBe("digest-abababababab");
});
