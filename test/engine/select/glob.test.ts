import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkGlob, matchGlob } from "../../../engine/index.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";
import { naiveMatch } from "./naive-glob.ts";

// What Harbor's own library answers to its own tests, without its faults that are no rules.
// https://github.com/bmatcuk/doublestar/blob/v1.3.4/doublestar_test.go
describe("a glob matches", () => {
  test.each([
    ["*", ""],
    ["", ""],
    ["/*", "/"],
    ["abc", "abc"],
    ["*c", "abc"],
    ["*/", "a/"],
    ["a*", "a"],
    ["a*/b", "abc/b"],
    ["a*b*c*d*e*/f", "axbxcxdxexxx/f"],
    ["a*b?c*x", "abxbbxdbxebxczzx"],
    ["ab[c]", "abc"],
    ["ab[b-d]", "abc"],
    ["ab[^e-g]", "abc"],
    ["a?b", "a☺b"],
    ["a?b", "a😀b"],
    ["a[^a]b", "a☺b"],
    ["[a-ζ]*", "α"],
    [String.raw`[\]a]`, "]"],
    [String.raw`[\-x]`, "-"],
    [String.raw`[x\-]`, "-"],
    [String.raw`a\*b`, "a*b"],
    [String.raw`\{a,b\}`, "{a,b}"],
    ["a,b}", "a,b}"],
    ["a/**", "a/b"],
    ["a/**", "a/b/c"],
    ["a/**", "a/"],
    ["**", "a/b/c"],
    ["**", ""],
    ["**/c", "c"],
    ["**/c", "a/b/c"],
    ["a/**/b", "a/b"],
    ["a/**/d", "a/b/c/d"],
    ["**/**/d", "d"],
    ["**/abc/**", "x/abc/y"],
    ["ab{c,d}", "abc"],
    ["ab{c,d,*}", "abcde"],
    ["a{,bc}", "a"],
    ["a{,bc}", "abc"],
    ["a/{b/c,c/b}", "a/c/b"],
    ["{a/{b,c},abc}", "a/c"],
    ["{a/{b,c},abc}", "abc"],
    ["{a/,b}**", "a/x/y"],
    ["{a/**,b}/c", "a/c"],
    ["**/*.txt", "abc/【test】.txt"],
    ["1.2[3-5]*-{alpine,bookworm}", "1.24.7-alpine"],
    ["{library,acme}/**", "library/nginx"],
    ["a*{,b}", "a"],
  ])("%s: %s", (pattern, text) => {
    expect(matchGlob(pattern, text)).toBe(true);
  });
});

describe("a glob does not match", () => {
  test.each([
    ["", "a"],
    ["*", "/"],
    ["*", "a/b"],
    ["?", ""],
    ["?", "/"],
    ["/*", "/debug/"],
    ["a*", "ab/c"],
    ["a*/b", "a/c/b"],
    ["a?b", "a/b"],
    ["a[^x]b", "a/b"],
    ["a[.-0]b", "a/b"],
    ["a???b", "a☺b"],
    ["ab[^b-d]", "abc"],
    [String.raw`a\*b`, "axb"],
    [String.raw`a/\**`, "a/b/c"],
    ["a/**", "a"],
    ["**/c", "abcd"],
    ["**/c", "a/abc"],
    ["abc**", "abc/b"],
    ["a/***", "a/b/c"],
    ["a**/c", "a/b/c"],
    ["{**,x}", "a/b"],
    ["{a/{b,c},abc}", "a/b/c"],
    ["a//b", "a/b"],
    ["a", "A"],
    ["1.2*", "1.1"],
    ["1.2", "1x2"],
  ])("%s: %s", (pattern, text) => {
    expect(matchGlob(pattern, text)).toBe(false);
  });
});

describe("a glob is refused with the place of the fault", () => {
  test.each([
    ["a{b", "at character 2, the brace is not closed"],
    ["a{b,{c}", "at character 2, the brace is not closed"],
    ["[", "at character 1, the bracket is not closed"],
    ["ab[^", "at character 3, the bracket is not closed"],
    ["[]a]", "at character 1, there is nothing between the brackets"],
    ["[^]", "at character 1, there is nothing between the brackets"],
    ["[-]", "at character 2, a dash"],
    ["[x-]", "at character 2, the range in brackets has no end"],
    ["[a-b-c]", "at character 5, a dash"],
    ["[z-a]", "at character 2, the range in brackets runs backwards"],
    ["ab\\", "at character 3, nothing follows the backslash"],
    ["[\\", "at character 2, nothing follows the backslash"],
    ["{".repeat(17) + "a" + "}".repeat(17), "at character 17, braces are nested deeper than 16"],
    ["*".repeat(4097), "4096 are possible"],
    ["\u{1b}]0;x{", "at character 6"],
  ])("%.30j", async (pattern, why) => {
    const error = await failureOf(() => checkGlob(pattern));
    expect(error).toMatchObject({ code: "config", message: expect.stringContaining(why) as unknown });
    expect(hasControlCharacters(error?.message ?? "")).toBe(false);
    expect(await failureOf(() => matchGlob(pattern, "a"))).toMatchObject({ code: "config" });
  });
});

describe("patterns that take others for ever come to an end", () => {
  // A matcher that goes back, or writes alternatives out, needs at least 2^60 steps for each of these.
  test.each([
    ["many stars", "*a".repeat(100)],
    ["many alternatives", "{a,b}".repeat(200)],
    ["alternatives of several lengths", "{a,aa}".repeat(200)],
    ["stars in alternatives", `${"{*,a*}".repeat(200)}b`],
    ["alternatives that all match nothing", `${"{*,**,}".repeat(100)}b`],
    ["deep braces", `${"{a,".repeat(16)}b${"}".repeat(16)}`.repeat(20)],
    ["many components", `${"**/".repeat(500)}b`],
    ["empty alternatives", "a?".repeat(60) + "{,a}".repeat(60)],
    ["stars and question marks", `${"*?".repeat(1000)}b`],
  ])("%s", (_name, pattern) => {
    expect(matchGlob(pattern, `${"a".repeat(240)}!`)).toBe(false);
    expect(matchGlob(pattern, `${"a/".repeat(120)}!`)).toBe(false);
  });
});

test("it answers as one does who tries everything", () => {
  const item = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("a", "b", "/", "*", "?", "**", "/**/", "**/", "/**") },
    fc.constantFrom("[ab]", "[^a]", "[a-c]", String.raw`\a`),
  );
  const { pattern } = fc.letrec<{ pattern: string; braces: string }>((tie) => ({
    pattern: fc
      .array(fc.oneof({ maxDepth: 2, withCrossShrink: true }, item, tie("braces")), { maxLength: 5 })
      .map((items) => items.join("")),
    braces: fc
      .array(tie("pattern"), { minLength: 1, maxLength: 2 })
      .map((alternatives) => `{${alternatives.join(",")}}`),
  }));
  const text = fc.array(fc.constantFrom("a", "b", "c", "/"), { maxLength: 7 }).map((characters) => characters.join(""));
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      expect(matchGlob(pattern, text)).toBe(naiveMatch(pattern, text));
    }),
    { numRuns: 1000 },
  );
});

test("whatever it is given, it answers or refuses with our error", async () => {
  const characters = fc.constantFrom("a", "{", "}", ",", "[", "]", "^", "-", "*", "?", "/", "\\", "\u{1f600}");
  const hostile = fc.oneof(
    fc.string(),
    fc.array(characters, { maxLength: 20 }).map((parts) => parts.join("")),
  );
  await fc.assert(
    fc.asyncProperty(hostile, fc.string(), async (pattern, text) => {
      const error = await failureOf(() => matchGlob(pattern, text));
      expect(error === undefined || error.code === "config").toBe(true);
    }),
    { numRuns: 1000 },
  );
});
