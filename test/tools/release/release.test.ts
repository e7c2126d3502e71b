import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { version } from "../../../version.ts";

const root = resolve(import.meta.dirname, "../../..");
const chart = `imagesync-${version()}.tgz`;
const image = `imagesync_${version()}_image.tar`;
const sums = `imagesync_${version()}_SHA256SUMS`;
const line = `${"ab".repeat(32)}  `;

test("making one thing again leaves the others, and the checksums of those that are there", async () => {
  const dist = await mkdtemp(join(tmpdir(), "imagesync-dist-"));
  onTestFinished(() => rm(dist, { recursive: true }));
  const directory = join(dist, "release");
  await mkdir(directory);
  const provider = `terraform-provider-imagesync_${version()}_SHA256SUMS`;
  await writeFile(join(directory, image), "an image");
  await writeFile(join(directory, provider), "the provider's");
  await writeFile(join(directory, sums), `${line}${image}\n${line}gone.tar\n${line}${chart}\n${line}../elsewhere\n`);
  await writeFile(join(directory, `${sums}.sig`), "of what it said before");

  const environment = { ...process.env, IMAGESYNC_SIGNING_KEY: "" };
  await promisify(execFile)(process.execPath, ["tools/release.ts", "--only", "chart", "--output", dist], {
    cwd: root,
    env: environment,
  });

  expect((await readdir(directory)).sort()).toEqual([chart, image, sums, provider].sort());
  expect(await readFile(join(directory, image), "utf8")).toBe("an image");
  expect(await readFile(join(directory, provider), "utf8")).toBe("the provider's");
  const lines = (await readFile(join(directory, sums), "utf8")).trimEnd().split("\n");
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^[0-9a-f]{64} {2}${chart}$`)), `${line}${image}`]);
  expect(lines[0]).not.toBe(`${line}${chart}`);
});
