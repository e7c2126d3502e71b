import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hclBlock, hclList, hclText } from "../../../cli/convert/hcl.ts";
import { ResourceNames } from "../../../cli/convert/resource-names.ts";

test.each([
  ["a", '"a"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["${a} %{b} $${c} $ %", '"$${a} %%{b} $$${c} $ %"'],
  ["a\nb\tc\r", '"a\\nb\\tc\\r"'],
  ["\u0000\u001b[31m\u202e", '"\\u0000\\u001b[31m\\u202e"'],
  ["é🐋", '"é🐋"'],
  ["\u{e0001}", '"\\U000e0001"'],
])("%j is written as %s", (text, written) => {
  expect(hclText(text)).toBe(written);
});

test("no text leaves its quotes, starts a template, or breaks the line", () => {
  const parts = fc.constantFrom("${", "%{", "$", "%", "{", "}", '"', "\\", "\n", "x");
  const texts = fc.array(fc.oneof(parts, fc.string())).map((each) => each.join(""));
  fc.assert(
    fc.property(texts, (text) => {
      expect(hclText(text)).toMatch(/^"(?:[^"\\\n\r$%]|\\.|\$\$\{|%%\{|\$(?!\{)|%(?!\{))*"$/);
    }),
  );
});

test("a block is written as terraform fmt does, its comments on lines of their own", () => {
  const text = hclBlock({
    head: 'resource "a" "b"',
    comments: ["one\ntwo"],
    attributes: [
      ["x", "1"],
      ["long", hclList(["a", "b"])],
    ],
    blocks: [{ head: "empty" }, { head: "c", attributes: [["y", "true"]] }],
  });
  expect(text).toBe(`# one two
resource "a" "b" {
  x    = 1
  long = ["a", "b"]

  empty {}

  c {
    y = true
  }
}
`);
});

test("a block that is off is a comment to its last line", () => {
  const off = hclBlock({ head: "a", comments: ["why"], attributes: [["x", "1"]], blocks: [{ head: "b" }], off: true });
  expect(off.split("\n").filter((line) => !line.startsWith("#"))).toEqual([""]);
});

test("names are ones that Terraform takes, and no two are the same", () => {
  const names = new ResourceNames();
  const given = ["nginx:1.27", "nginx_1-27", "nginx:1.27", "1", "", "--", "é", "a".repeat(500), "a".repeat(500)];
  const made = given.map((text) => names.unique(text));
  expect(made).toEqual([
    "nginx_1_27",
    "nginx_1-27",
    "nginx_1_27_2",
    "image_1",
    "image",
    "image_--",
    "image_2",
    "a".repeat(80),
    `${"a".repeat(80)}_2`,
  ]);
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      const fresh = new ResourceNames();
      const all = texts.map((text) => fresh.unique(text));
      expect(new Set(all).size).toBe(all.length);
      expect(all.every((name) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))).toBe(true);
    }),
  );
});
