import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as tar from "tar-stream";
import type { TestManifest } from "../../support/images/index.ts";
import { entryOf } from "./test-layout.ts";

/** A file of an archive, or something else by its type. */
export interface ArchiveItem {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly type?: "file" | "symlink" | "directory" | "link";
  readonly linkname?: string;
}

/** Writes a tar file without the engine. */
export async function writeTar(path: string, items: readonly ArchiveItem[]): Promise<void> {
  const pack = tar.pack();
  for (const { name, content = "", type = "file", linkname } of items) {
    pack.entry({ name, type, ...(linkname === undefined ? {} : { linkname }) }, content);
  }
  pack.finalize();
  await pipeline(Readable.from(pack as AsyncIterable<Uint8Array>), createWriteStream(path));
}

/** The files of a tar file in their order, read without the engine. */
export async function readTar(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const extract = tar.extract();
  extract.end(await readFile(path));
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    if (files.has(entry.header.name)) throw new Error(`${entry.header.name} is there twice`);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  return files;
}

/** The files of a layout with these images. */
export function layoutItems(
  images: readonly (readonly [name: string | undefined, image: TestManifest])[],
): readonly ArchiveItem[] {
  const blobs = new Map<string, Buffer>();
  const visit = (image: TestManifest): void => {
    for (const blob of image.blobs) blobs.set(blob.digest, Buffer.concat([...blob.open()]));
    for (const child of image.children) visit(child);
    blobs.set(image.digest, image.bytes);
  };
  for (const [, image] of images) visit(image);
  const index = { schemaVersion: 2, manifests: images.map(([name, image]) => entryOf(image, name)) };
  return [
    ...[...blobs].map(([digest, content]) => ({ name: `blobs/${digest.replace(":", "/")}`, content })),
    { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", content: JSON.stringify(index) },
  ];
}
