import { describe, expect, test } from "vitest";
import { compileRegex } from "../../../engine/select/regex.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";

test.each([
  ["v1|v12", "v12", true],
  ["1", "12", false],
  ["2", "12", false],
  ["^v1$", "v1", true],
  ["v1", "v1\n", false],
  [String.raw`(?i)V\d+\.\d+`, "v1.20", true],
  ["", "", true],
  ["", "1", false],
  [String.raw`\p{L}+`, "é", true],
])("%j against %j: %s", (expression, tag, matches) => {
  expect(compileRegex(expression)(tag)).toBe(matches);
});

describe("expressions that take others for ever come to an end", () => {
  // A matcher that goes back needs 2^100 steps for each of these.
  test.each(["(a+)+$", "(a|aa)+", "(a|a)*b", "(.*a){20}", "((a*)*)*b", "(?:a?){120}a{120}"])("%s", (expression) => {
    expect(compileRegex(expression)(`${"a".repeat(127)}!`)).toBe(false);
  });
});

test.each([
  ["x(y", "missing closing )"],
  ["a[z-a]", 'at character 3, "z-a"'],
  ["a**", 'at character 2, "**"'],
  [String.raw`(a)\1`, "invalid escape sequence"],
  ["(?=a)b", "at character 1"],
  ["(?<!a)b", ""],
  ["a{1001}", "invalid repeat count"],
  ["((a{100}){100}){100}", "invalid repeat count"],
  [String.raw`(\w{30}){33}\w{30}`, "too large"],
  [`${"(".repeat(400)}a${")".repeat(400)}${"b".repeat(300)}`, "1000 are possible"],
  ["(".repeat(900), ""],
  ["\\", ""],
  ["\u{1b}[", ""],
])("%j is refused", async (expression, why) => {
  const error = await failureOf(() => compileRegex(expression));
  expect(error).toMatchObject({ code: "config", message: expect.stringContaining(why) as unknown });
  expect(hasControlCharacters(error?.message ?? "")).toBe(false);
});
