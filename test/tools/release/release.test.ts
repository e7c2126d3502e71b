import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { version } from "../../../version.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
const chart = `imagesync-${version()}.tgz`;
const image = `imagesync_${version()}_image.tar`;
const sums = `imagesync_${version()}_SHA256SUMS`;
const line = `${"ab".repeat(32)}  `;

async function release(flags: readonly string[], variables: Record<string, string>): Promise<unknown> {
  const environment = { ...process.env, ...variables };
  return await run(process.execPath, ["tools/release.ts", ...flags], { cwd: root, env: environment });
}

/** A former release, a directory for temporary files, and a gpg that does this. */
async function withGpg(
  script: string,
): Promise<{ dist: string; temporary: string; variables: Record<string, string> }> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-making-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [dist, temporary] = [join(directory, "dist"), join(directory, "temporary")];
  await mkdir(join(dist, "release"), { recursive: true });
  await writeFile(join(dist, "release", "former"), "");
  await mkdir(temporary);
  await writeFile(join(directory, "gpg"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const PATH = `${directory}:${process.env["PATH"]}`;
  return { dist, temporary, variables: { PATH, TMPDIR: temporary, IMAGESYNC_SIGNING_KEY: "DEADBEEF" } };
}

test("a key that cannot sign is told before the former release is taken away", async () => {
  const { dist, temporary, variables } = await withGpg('echo "gpg: skipped: No secret key" >&2; exit 2');
  await expect(release(["--output", dist], variables)).rejects.toThrow("No secret key");
  expect(await readdir(join(dist, "release"))).toEqual(["former"]);
  expect(await readdir(temporary)).toEqual([]);
});

test.each([
  ["INT", 130],
  ["TERM", 143],
])("interrupted by SIG%s it leaves nothing among the temporary files", async (signal, code) => {
  // What gpg is asked first is a moment at which there are some.
  const { dist, temporary, variables } = await withGpg(`ls "$TMPDIR" >"$TMPDIR/../seen"; kill -${signal} $PPID`);
  await expect(release(["--output", dist], variables)).rejects.toMatchObject({ code });
  expect(await readFile(join(temporary, "../seen"), "utf8")).toContain("imagesync-release-");
  expect(await readdir(temporary)).toEqual([]);
});

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

  await release(["--only", "chart", "--output", dist], { IMAGESYNC_SIGNING_KEY: "" });

  expect((await readdir(directory)).sort()).toEqual([chart, image, sums, provider].sort());
  expect(await readFile(join(directory, image), "utf8")).toBe("an image");
  expect(await readFile(join(directory, provider), "utf8")).toBe("the provider's");
  const lines = (await readFile(join(directory, sums), "utf8")).trimEnd().split("\n");
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^[0-9a-f]{64} {2}${chart}$`)), `${line}${image}`]);
  expect(lines[0]).not.toBe(`${line}${chart}`);
});
