import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkWritable } from "../../cli/unwritten.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unwritten-"));
});

const check = (file: string): Promise<void> => checkWritable({ what: "the metrics", flag: "--metrics-file", file });

test.each([
  ["a folder", () => folder, "it is a folder"],
  ["what is there for all, and a new file would replace", () => "/dev/null", "it is no regular file"],
  ["a file in a folder that is not there", () => join(folder, "none", "file"), "no such file or directory"],
])("%s is refused before anything is done", async (_what, file, why) => {
  await expect(check(file())).rejects.toThrow(new RegExp(`^Cannot write the metrics to ".*": .*${why}`));
});

test("a file that is there, or is not, may be written", async () => {
  await expect(check(join(folder, "new"))).resolves.toBeUndefined();
  await writeFile(join(folder, "old"), "");
  await expect(check(join(folder, "old"))).resolves.toBeUndefined();
});
