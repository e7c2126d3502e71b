import { expect, test } from "vitest";
import { detectFormat } from "../../../cli/config/detect.ts";
import { parseYaml } from "../../../cli/config/yaml-file.ts";
import { configOf, mistakesIn } from "./content.ts";

test.each([
  ["", "native"],
  ["5", "native"],
  ["version: 1\nimages: {}\n", "native"],
  ["version: 1\nimages: [{source: a}]\n", "native"],
  ["images: []\n", "native"],
  ["images: [{source: a, destination: b}]\n", "native"],
  ["images: [{source: a}, {tag: b}]\n", "native"],
  ["images: [5]\n", "native"],
  ["images: {}\n", "replicant"],
  ["mode: all\nimages: {a: {source: b}}\n", "replicant"],
  ["targetRepoPrefix: a\n", "kyma"],
  ["images: [{source: a}, {source: b, tag: c, sign: true, amd64Only: true}]\n", "kyma"],
])("%j is a file of %s", (text, format) => {
  expect(detectFormat(parseYaml("x.yaml", text))).toBe(format);
});

test("a format that was said is not guessed", async () => {
  expect(await mistakesIn("images: {}\n", { format: "native" })).toEqual([
    '1:1: "version" is missing in the file',
    '1:9: "images" must be a list, not a map',
  ]);
  expect(await configOf("images: {}\n", { format: undefined })).toMatchObject({ format: "replicant", rules: [] });
});
