import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLayout } from "../../bench/image-layout.ts";
import { type TestDescriptor, buildImage, descriptorOf, digestOf } from "../support/images/index.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imagesync-layout-"));
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function write(manifests: readonly TestDescriptor[]): Promise<void> {
  for (const blob of image.blobs) await writeFile(pathOf(blob.digest), Buffer.concat([...blob.open()]));
  await writeFile(pathOf(image.digest), image.bytes);
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

function pathOf(digest: string): string {
  return join(folder, "blobs", digest.replace(":", "/"));
}

const image = buildImage({ seed: "layout", layers: [3_000_000, 0, 2000] });

test("the image of a layout is read with the bytes it has there", async () => {
  await write([descriptorOf(image)]);
  const found = await readLayout(folder);
  expect(found.digest).toBe(image.digest);
  expect(found.blobs.map((blob) => digestOf(blob.open()))).toEqual(image.blobs.map((blob) => blob.digest));
});

test("a damaged manifest is refused", async () => {
  await write([descriptorOf(image)]);
  await writeFile(pathOf(image.digest), `${image.bytes.toString()} `);
  await expect(readLayout(folder)).rejects.toThrow(/damaged/);
});

test("a layout without an image, or with several, is refused", async () => {
  await write([]);
  await expect(readLayout(folder)).rejects.toThrow(/exactly one image/);
  await write([descriptorOf(image), descriptorOf(image)]);
  await expect(readLayout(folder)).rejects.toThrow(/exactly one image/);
});
