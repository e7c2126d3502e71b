import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { selectTags } from "../../../engine/index.ts";
import { bundle } from "../../../tools/build/bundle.ts";
import { lateModules } from "../../../tools/build/late-modules.ts";

const root = process.cwd();

/** The first expression that the package for ranges makes when it is loaded. */
const madeByPackage = String.raw`0|[1-9]\d*`;

test("a program loads what reads ranges and expressions at the first use, and it works", async () => {
  const { code } = await bundle(
    { entry: "engine/select/select.ts", name: "select" },
    { root, version: "0.0.0", parts: true },
  );
  const directory = await mkdtemp(join(tmpdir(), "imagesync-late-"));
  const made: unknown[] = [];
  const original = RegExp;
  globalThis.RegExp = new Proxy(original, {
    construct(target, all: [string, string?]) {
      made.push(all[0]);
      return Reflect.construct(target, all);
    },
  });
  try {
    await writeFile(join(directory, "select.mjs"), code);
    const select = (await import(pathToFileURL(join(directory, "select.mjs")).href)) as {
      readonly selectTags: typeof selectTags;
    };
    const tags = ["1.0", "1.1", "2.0", "latest"];
    expect(select.selectTags(tags, { mode: "highest" }).tags).toEqual(["2.0"]);
    expect(made).not.toContain(madeByPackage);
    expect(select.selectTags(tags, { mode: "semver", range: "<2" }).tags).toEqual(["1.0", "1.1"]);
    expect(made).toContain(madeByPackage);
    expect(select.selectTags(tags, { includeRegex: [String.raw`\w+`] }).tags).toEqual(["latest"]);
    expect(() => select.selectTags(tags, { includeRegex: ["("] })).toThrow('Invalid "includeRegex"');
  } finally {
    globalThis.RegExp = original;
    await rm(directory, { recursive: true });
  }
});

test("what is loaded late exists, with just these functions", async () => {
  for (const [file, names] of lateModules) {
    await access(join(root, file));
    const module = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>;
    expect(Object.keys(module)).toEqual(names);
    expect(Object.values(module).every((value) => typeof value === "function")).toBe(true);
  }
});
