import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { npmRange, tagForDigest, wholeTag } from "../../../cli/convert/foreign-words.ts";

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

test("ranges are written in npm's notation, unless it has no word for them", () => {
  expect([">=1.0, <2.0", "=> 1 || ~4.1", "!=1.2"].map(npmRange)).toEqual([">=1.0 <2.0", ">= 1 || ~4.1", undefined]);
});

test("a digest becomes a tag", () => {
  expect(tagForDigest(`sha256:${"ab".repeat(32)}`)).toBe("digest-abababababab");
});
