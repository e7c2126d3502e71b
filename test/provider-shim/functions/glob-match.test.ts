import { expect, test } from "vitest";
import { callFunction } from "./call-function.ts";

test.each([
  ["1.2*", "1.27", true],
  ["*", "a/b", false],
  ["library/**", "library/a/b", true],
  ["v{1,2}.?", "v2.0", true],
  ["v{1,2}.?", "v3.0", false],
  ["[^a-z]*", "latest", false],
  ["", "", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
])("%j against %j is %j", async (pattern, text, expected) => {
  expect(await callFunction("glob_match", pattern, text)).toEqual({ value: expected });
});

test.each([
  ["an open brace", "{a"],
  ["an open bracket", "["],
  ["a range backwards", "[z-a]"],
  ["nothing behind a backslash", "a\\"],
  ["too many characters", "x".repeat(100_000)],
  ["braces in braces", `${"{".repeat(1000)}a`],
])("a pattern that is none is blamed on the first argument: %s", async (_name, pattern) => {
  const { error } = await callFunction("glob_match", pattern, "a");
  expect(error?.argument).toBe(0);
  expect(error?.text).toMatch(/^Invalid pattern .*\.$/);
  expect(error?.text.length).toBeLessThan(500);
});

test("a hostile pattern has its answer", async () => {
  const pattern = `${"*a".repeat(200)}b`;
  expect(await callFunction("glob_match", pattern, "a".repeat(5000))).toEqual({ value: false });
});
