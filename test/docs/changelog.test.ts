import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compare } from "semver";
import { describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { root } from "./markdown.ts";
import { typeNames } from "./declared.ts";

const lines = readFileSync(join(root, "CHANGELOG.md"), "utf8").split("\n");
const headings = lines.filter((line) => line.startsWith("#"));
const isSection = (line: string): boolean => /^[A-Z ]+:$/.test(line);

/** https://developer.hashicorp.com/terraform/plugin/best-practices/versioning#changelog-specification */
describe("the changelog", () => {
  test("has a heading for each version with its day, the newest first, and the newest is the one in hand", () => {
    const form =
      /^## (\d+\.\d+\.\d+) \((?:Unreleased|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4})\)$/;
    const versions = headings.map((line) => form.exec(line)?.[1] ?? line);
    expect(headings.filter((line) => !form.test(line))).toEqual([]);
    expect(versions[0]).toBe(version());
    expect(versions).toEqual(versions.toSorted((a, b) => compare(b, a)));
    expect(headings.slice(1).filter((line) => line.includes("Unreleased"))).toEqual([]);
  });

  test("has the sections that readers of providers know, each once in a version", () => {
    const known = ["BREAKING CHANGES:", "NOTES:", "FEATURES:", "ENHANCEMENTS:", "BUG FIXES:"];
    let seen: string[] = [];
    for (const line of lines) {
      if (line.startsWith("#")) seen = [];
      if (!isSection(line)) continue;
      expect(known).toContain(line);
      expect(seen).not.toContain(line);
      seen.push(line);
    }
  });

  test("has entries that begin with what they are about, and nothing else", () => {
    const subject =
      /^\* (?:\*\*New [A-Z][A-Za-z ]+:\*\* `|(?:provider|cli|engine|cdktf|deploy|(?:resource|data-source|function)\/[a-z_]+): \S)/;
    const other = lines.filter(
      (line) => line !== "" && !line.startsWith("#") && !isSection(line) && !subject.test(line),
    );
    expect(other).toEqual([]);
  });

  test("announces every resource, data source and function", () => {
    const announced = lines
      .filter((line) => line.startsWith("* **New "))
      .flatMap((line) => line.match(/(?<=`)[a-z_]+(?=`)/g) ?? []);
    expect(announced.toSorted()).toEqual(typeNames().toSorted());
  });
});
