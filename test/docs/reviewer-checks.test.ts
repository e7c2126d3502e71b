import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentOf, root, tableUnder } from "./markdown.ts";

const rows = tableUnder("Checks", documentOf("docs/reviewer-checks.md"));
const named = rows.flatMap(([, , cell = ""]) =>
  cell.split("<br>").map((entry) => {
    const [, file = "", title = ""] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(entry) ?? [];
    return { entry, file, title };
  }),
);

test("the checks of a reviewer are all there, and each has a test", () => {
  expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  expect(named.filter(({ title }) => title === "")).toEqual([]);
});

test("the tests that the checks name exist under these titles", () => {
  const sources = new Map(named.map(({ file }) => [file, readFileSync(join(root, file), "utf8")]));
  const quoted = (title: string): readonly string[] => ['"', "'", "`"].map((quote) => `${quote}${title}${quote}`);
  const missing = named.filter(({ file, title }) => !quoted(title).some((text) => sources.get(file)?.includes(text)));
  expect(missing).toEqual([]);
});
