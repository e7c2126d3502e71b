import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished, describe, expect, test } from "vitest";
import { creationTime } from "../../tools/release/image.ts";
import { ImageLayout } from "../../tools/release/image-layout.ts";
import { gzipped, tarArchive } from "../../tools/release/tar-archive.ts";
import { verifiedArchive } from "../../tools/release/verified-archive.ts";

const run = promisify(execFile);
const annotations = { "org.opencontainers.image.title": "small" };

/** A layout with a small image for two platforms, and where its archive goes. */
async function smallLayout(): Promise<{ readonly layout: string; readonly file: string }> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-small-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const layout = new ImageLayout(join(directory, "layout"));
  const images = [];
  for (const architecture of ["amd64", "arm64"]) {
    const tar = await tarArchive([
      { name: "usr/", mode: 0o755 },
      { name: "usr/it", content: Buffer.from(architecture), mode: 0o644 },
    ]);
    const platform = { architecture, os: "linux" };
    const content = { platform, config: { ...platform, config: {} }, annotations };
    images.push(await layout.addImage(content, [{ tar, packed: await gzipped(tar) }]));
  }
  await layout.finish("1.0", images, annotations);
  return { layout: layout.directory, file: join(directory, "image.tar") };
}

/** The files of all blobs of a layout. */
async function blobsOf(layout: string): Promise<readonly string[]> {
  const directory = join(layout, "blobs/sha256");
  return (await readdir(directory)).map((name) => join(directory, name));
}

describe("the archive of an image", () => {
  test("has what the layout has, in one file that tar lists", async () => {
    const { layout, file } = await smallLayout();
    await verifiedArchive({ layout, file, tag: "1.0", version: "1.0" });
    const { stdout } = await run("tar", ["-tf", file]);
    const blobs = (await blobsOf(layout)).map((path) => path.slice(layout.length + 1));
    // Two layers, configurations and manifests, and the index.
    expect(blobs).toHaveLength(7);
    expect(stdout.trimEnd().split("\n").sort()).toEqual([...blobs, "index.json", "oci-layout"].sort());
  });

  test("is not made when any of its blobs is damaged, or is not there", async () => {
    const { layout, file } = await smallLayout();
    const options = { layout, file, tag: "1.0", version: "1.0" };
    for (const blob of await blobsOf(layout)) {
      const content = await readFile(blob);
      const damaged = Buffer.from(content);
      damaged.writeUInt8(damaged.readUInt8(damaged.length - 2) ^ 1, damaged.length - 2);
      await writeFile(blob, damaged);
      await expect(verifiedArchive(options)).rejects.toMatchObject({ code: "digest-mismatch" });
      await rm(blob);
      await expect(verifiedArchive(options)).rejects.toMatchObject({ code: "not-found" });
      expect(existsSync(file)).toBe(false);
      await writeFile(blob, content);
    }
    await verifiedArchive(options);
    expect(existsSync(file)).toBe(true);
  });
});

describe("the time at which an image says it was made", () => {
  test.each([
    [undefined, "1970-01-01T00:00:00Z"],
    ["0", "1970-01-01T00:00:00Z"],
    ["1700000000", "2023-11-14T22:13:20Z"],
  ])("is for SOURCE_DATE_EPOCH %j %s", (epoch, time) => {
    expect(creationTime(epoch)).toBe(time);
  });

  test.each([[""], ["-1"], ["1.5"], ["1e9"], ["yesterday"], ["99999999999"], ["1 "]])("is no %j", (epoch) => {
    expect(() => creationTime(epoch)).toThrow("SOURCE_DATE_EPOCH is ");
  });
});
