import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeSpans, documentOf, documents, root, tableUnder } from "./markdown.ts";

/** Folders with source files, by their paths from the root. */
function foldersOf(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !["node_modules", "dist"].includes(entry.name),
    )
    .map(({ name }) => join(directory, name))
    .filter((folder) =>
      readdirSync(join(root, folder), { recursive: true }).some((name) => /\.(?:ts|yaml)$/.test(String(name))),
    );
}

describe("the map", () => {
  const spans = tableUnder("Rooms", documentOf("docs/architecture.md")).map(([folders = ""]) =>
    codeSpans({ prose: folders }).map((span) => span.replace(/\/$/, "")),
  );

  test("shows every folder with source at the top and in the engine, and only what exists", () => {
    const actual = ["", "engine"].flatMap(foldersOf).sort();
    expect(spans.flat().sort()).toEqual(actual);
  });
});

describe("the dependencies", () => {
  const packages = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly engines: { readonly node: string };
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const rows = tableUnder("Rules", documentOf("CONTRIBUTING.md"));

  test("are those of CONTRIBUTING.md, in exact versions", () => {
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(Object.keys(packages.dependencies)));
    expect(Object.values(packages.dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("are imported by the folders that it names, and by no other", () => {
    for (const [name = "", , folder = ""] of rows) {
      const importers = ["engine", "provider-shim", "cli", "embedded-registry"]
        .flatMap((top) =>
          readdirSync(join(root, top), { recursive: true, encoding: "utf8" }).map((file) => join(top, file)),
        )
        .filter(
          (file) =>
            file.endsWith(".ts") &&
            new RegExp(`(?:from |import\\()"${name}(?:/[^"]*)?"`).test(readFileSync(join(root, file), "utf8")),
        );
      expect(importers).not.toEqual([]);
      const allowed = codeSpans({ prose: folder });
      expect(importers.filter((file) => !allowed.some((room) => file.startsWith(`${room}/`)))).toEqual([]);
    }
  });

  test("need the Node that the documents name", () => {
    const named = documents().flatMap(({ prose }) => prose.match(/Node (?:>= )?20\.\d+/g) ?? []);
    expect(named).not.toEqual([]);
    for (const version of named) expect(packages.engines.node).toBe(`>=${version.replace(/^Node (?:>= )?/, "")}`);
  });
});
