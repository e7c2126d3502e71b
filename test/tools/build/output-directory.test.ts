import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutputDirectory } from "../../../tools/build/output-directory.ts";

let path: string;
let output: OutputDirectory;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "imagesync-output-"));
  output = new OutputDirectory(join(path, "dist"));
});

afterEach(async () => {
  await rm(path, { recursive: true });
});

test("a file is written with its mode, below directories that are made for it", async () => {
  await output.write("bundle/a", "text", 0o755);
  expect(await readFile(join(path, "dist/bundle/a"), "utf8")).toBe("text");
  expect((await stat(output.file("bundle/a"))).mode & 0o777).toBe(0o755);
});

test("a file that cannot be made leaves the old one as it was, and nothing unfinished", async () => {
  await output.write("a", "old");
  const failing = output.replace("a", async (temporary) => {
    await writeFile(temporary, "half");
    throw new Error("no space");
  });
  await expect(failing).rejects.toThrow("no space");
  expect(await readdir(output.path)).toEqual(["a"]);
  expect(await readFile(output.file("a"), "utf8")).toBe("old");
});

describe("refreshing", () => {
  let made: number;

  async function refresh(...ingredients: string[]): Promise<boolean> {
    return await output.refresh(["a", "b"], ingredients, async () => {
      made += 1;
      await output.write("a", "made");
      await output.write("b", "made");
    });
  }

  beforeEach(() => {
    made = 0;
  });

  test("makes a file once for equal ingredients, and again for others", async () => {
    expect([await refresh("x", "y"), await refresh("x", "y"), await refresh("x", "z")]).toEqual([true, false, true]);
    expect(made).toBe(2);
  });

  test("tells ingredients apart by where they end", async () => {
    expect([await refresh("ab", "c"), await refresh("a", "bc")]).toEqual([true, true]);
  });

  test.each(["a", "b", "bundle/a.stamp"])("makes everything when %s is gone", async (name) => {
    await refresh("x");
    await rm(output.file(name));
    expect(await refresh("x")).toBe(true);
  });

  test("does not remember a file that could not be made", async () => {
    await refresh("x");
    await expect(output.refresh(["a", "b"], ["y"], () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
    expect(await refresh("x")).toBe(true);
    await expect(access(output.file("a"))).resolves.toBeUndefined();
  });
});
