import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { bundle } from "../../../tools/build/bundle.ts";

const root = process.cwd();
const product = { entry: "cli/main.ts", name: "imagesync" };

/** Of a package's own entry; undici is a part of every program, its inner modules too. */
const lazyImport = /\{([^{}]*)\} = await import\("((?!undici)[^".][^"]*)"\)/g;

/** What the engine takes from packages when it needs them: package → names. */
async function lazyImports(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const file of await readdir(join(root, "engine"), { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const source = await readFile(join(root, "engine", file), "utf8");
    for (const [, names = "", name = ""] of source.matchAll(lazyImport)) {
      const known = found.get(name) ?? new Set<string>();
      for (const each of names.split(",")) known.add(each.trim());
      found.set(name, known);
    }
  }
  return found;
}

test("the parts have everything that the engine takes from them, and the program is smaller by them", async () => {
  const wanted = await lazyImports();
  expect([...wanted.keys()].sort()).toEqual(["@aws-sdk/client-ecr", "google-auth-library"]);
  const whole = await bundle(product, { root, version: "0.0.0", parts: false });
  const { code, parts } = await bundle(product, { root, version: "0.0.0", parts: true });
  expect(whole.parts.size).toBe(0);
  expect(parts.size).toBe(wanted.size);
  const size = [...parts.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(code.byteLength).toBeLessThan(whole.code.byteLength - 0.9 * size);
  const directory = await mkdtemp(join(tmpdir(), "imagesync-parts-"));
  try {
    const had = new Set<string>();
    for (const [file, content] of parts) {
      expect(Buffer.from(code).toString()).toContain(`import("./${file}")`);
      await writeFile(join(directory, file), content);
      const part = (await import(pathToFileURL(join(directory, file)).href)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(part)) if (typeof value === "function") had.add(name);
    }
    expect([...had].sort()).toEqual([...wanted.values()].flatMap((names) => [...names]).sort());
  } finally {
    await rm(directory, { recursive: true });
  }
});
