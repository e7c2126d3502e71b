import { expect, test } from "vitest";
import { didYouMean, suggestion } from "../../../cli/config/suggestion.ts";

const words = ["source", "destination", "replace_tag", "include", "include_regex", "images", "on_conflict"];

test.each([
  ["sorce", "source"],
  ["soruce", "source"],
  ["Source", "source"],
  ["replaceTags", "replace_tag"],
  ["replace-tag", "replace_tag"],
  ["image", "images"],
  ["includes", "include"],
  ["dest", "destination"],
  ["target", undefined],
  ["x", undefined],
  ["", undefined],
  ["s".repeat(10_000), undefined],
])("%j was probably meant to be %j", (word, meant) => {
  expect(suggestion(word, words)).toBe(meant);
});

test("what is possible is listed when it is little", () => {
  expect(didYouMean("quux", ["a", "b"])).toBe('; possible are "a", "b"');
  expect(didYouMean("quux", words)).toBe("");
});

test("a word that is possible is its own suggestion", () => {
  for (const word of words) expect(suggestion(word, words)).toBe(word);
});
