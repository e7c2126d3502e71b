import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { anchors, codeSpans, documentOf, documents, links, root } from "./markdown.ts";
import { generatedPages } from "./declared.ts";

const all = documents();

describe("links between the documents", () => {
  const relativeLinks = all.flatMap((document) =>
    links(document)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => ({ file: document.file, target })),
  );

  test("lead to something that exists, and to a heading that exists", () => {
    const broken = relativeLinks.filter(({ file, target }) => {
      const [path = "", anchor] = target.split("#");
      const found = path === "" ? file : relative(root, join(root, dirname(file), path));
      if (!existsSync(join(root, found))) return true;
      return anchor !== undefined && !anchors(documentOf(found)).includes(anchor);
    });
    expect(relativeLinks.length).toBeGreaterThan(3);
    expect(broken).toEqual([]);
  });

  test("lead to every document from the README, in a step or two", () => {
    const reached = new Set(["README.md"]);
    for (const file of reached) {
      for (const link of relativeLinks) {
        const target = relative(root, join(root, dirname(file), link.target.split("#")[0] ?? ""));
        if (link.file === file && target.endsWith(".md")) reached.add(target);
      }
    }
    expect(all.map(({ file }) => file).filter((file) => !reached.has(file))).toEqual([]);
  });
});

test("every path in backticks is that of a file or folder, or the end of one", () => {
  const files = filesBelow(root).map((path) => `/${relative(root, path)}`);
  // What is built is there after a build, and whether or not a document is right.
  const isPath = (span: string): boolean =>
    !span.startsWith("dist/") && (/^\.{0,2}[\w-]+(?:\/[\w.-]*)+$/.test(span) || /^[\w-]+\.(?:ts|md|json)$/.test(span));
  const exists = (span: string): boolean => {
    const path = span.replace(/^\.\//, "").replace(/\/$/, "");
    return files.some(
      (file) => file.endsWith(`/${path}`) || file.endsWith(`/${path}.ts`) || file.includes(`/${path}/`),
    );
  };
  // Descriptions speak of platforms and hosts, whose names look like paths.
  const written = all.filter(({ file }) => !generatedPages.has(file));
  const spans = written.flatMap((document) => codeSpans(document).map((span) => ({ file: document.file, span })));
  const paths = spans.filter(({ span }) => isPath(span));
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter(({ span }) => !exists(span) && !foreignPaths.has(span))).toEqual([]);
});

test("every file that a command in backticks names exists", () => {
  const commands = all.flatMap(codeSpans).filter((span) => /^(?:node|\S+vitest) /.test(span));
  const named = commands.flatMap((span) => span.split(" ").filter((word) => word.endsWith(".ts")));
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

/** Paths on the reader's machine, and exports of the package for npm. */
const foreignPaths = new Set([
  "config.json",
  "auth.json",
  ...["cdktf", "cdktn", "config.schema.json"].map((name) => `imagesync/${name}`),
]);

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", ".git", ".cache", "coverage", "dist"].includes(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
