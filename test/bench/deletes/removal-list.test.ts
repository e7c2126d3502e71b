import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readRemovals, removeEach, writeRemovals } from "../../../bench/deletes/removal-list.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imagesync-removals-"));
});
afterEach(() => rm(folder, { recursive: true }));

const removals = ["v1", "v2", "v3", "v4", "v5"].map((tag) => ({ tag, digest: `sha256:${tag}` }));

test("what is written is read again, nothing at all too", async () => {
  const file = join(folder, "list");
  for (const list of [removals, []]) {
    await writeRemovals(file, list);
    expect(await readRemovals(file)).toEqual(list);
  }
});

test.each(["v1\n", "v1 sha256:1 more\n"])("the line %j is refused", async (text) => {
  const file = join(folder, "list");
  await writeFile(file, text);
  await expect(readRemovals(file)).rejects.toThrow(/Not a removal/);
});

test("never more are under way than are allowed, each is done once, and a failure is counted and stops nobody", async () => {
  const words = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const done: string[] = [];
  let underWay = 0;
  let most = 0;
  const failures = await removeEach(removals, 2, async ({ tag }) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
    if (tag === "v2") throw new Error("refused");
    done.push(tag);
  });
  expect({ failures, most, done: done.toSorted() }).toEqual({ failures: 1, most: 2, done: ["v1", "v3", "v4", "v5"] });
  expect(words).toHaveBeenCalledExactlyOnceWith("v2: refused\n");
  words.mockRestore();
});
