import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ImageTree, TestManifest } from "../../support/images/index.ts";

/** A directory of the test alone. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-layout-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface IndexItem {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  [other: string]: unknown;
}

export interface IndexFile {
  schemaVersion: number;
  manifests: IndexItem[];
  [other: string]: unknown;
}

/** An entry of an index as other programs write it. */
export function entryOf(image: TestManifest, name?: string): IndexItem {
  return {
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.bytes.length,
    ...(name === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": name } }),
  };
}

/** Writes a layout without the engine. */
export async function writeLayout(
  directory: string,
  images: readonly (readonly [name: string | undefined, image: TestManifest])[],
): Promise<void> {
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  for (const [, image] of images) await writeContent(directory, image);
  await writeIndex(directory, { schemaVersion: 2, manifests: images.map(([name, image]) => entryOf(image, name)) });
}

export async function writeContent(directory: string, image: TestManifest): Promise<void> {
  for (const blob of image.blobs) await writeFile(blobPath(directory, blob.digest), Buffer.concat([...blob.open()]));
  for (const child of image.children) await writeContent(directory, child);
  await writeFile(blobPath(directory, image.digest), image.bytes);
}

export async function writeIndex(directory: string, index: unknown): Promise<void> {
  await writeFile(join(directory, "index.json"), typeof index === "string" ? index : JSON.stringify(index));
}

export async function readIndex(directory: string): Promise<IndexFile> {
  return JSON.parse(await readFile(join(directory, "index.json"), "utf8")) as IndexFile;
}

export function blobPath(directory: string, digest: string): string {
  return join(directory, "blobs", ...digest.split(":"));
}

/** Every file of a layout but its blobs. */
export async function otherFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name !== "blobs").sort();
}

/** What a layout holds under a name, every byte verified, read without the engine; in the form of `treeOf`. */
export async function treeIn(directory: string, name: string): Promise<ImageTree> {
  const { manifests } = await readIndex(directory);
  const named = manifests.filter((item) => item.annotations?.["org.opencontainers.image.ref.name"] === name);
  if (named.length !== 1 || named[0] === undefined) throw new Error(`${named.length} entries are called ${name}`);
  const { digest, mediaType } = named[0];
  const tree: Tree = { manifests: {}, blobs: {} };
  await visit(directory, named[0], tree);
  return { digest, mediaType, ...tree };
}

interface Tree {
  readonly manifests: Record<string, { mediaType: string; text: string }>;
  readonly blobs: Record<string, number>;
}

interface Document {
  readonly config?: IndexItem;
  readonly layers?: readonly IndexItem[];
  readonly blobs?: readonly IndexItem[];
  readonly manifests?: readonly IndexItem[];
}

async function visit(directory: string, item: IndexItem, tree: Tree): Promise<void> {
  const bytes = await readBlob(directory, item.digest);
  if (bytes.length !== item.size) throw new Error(`${item.digest} has ${bytes.length} bytes, not ${item.size}`);
  tree.manifests[item.digest] = { mediaType: item.mediaType, text: bytes.toString() };
  const document = JSON.parse(bytes.toString()) as Document;
  for (const child of document.manifests ?? []) await visit(directory, child, tree);
  const blobs = [...(document.config ? [document.config] : []), ...(document.layers ?? []), ...(document.blobs ?? [])];
  for (const blob of blobs) {
    if (/foreign|nondistributable/.test(blob.mediaType)) continue;
    const content = await readBlob(directory, blob.digest);
    if (content.length !== blob.size) throw new Error(`${blob.digest} has ${content.length} bytes, not ${blob.size}`);
    tree.blobs[blob.digest] = content.length;
  }
}

/** A blob whose bytes have its digest. */
export async function readBlob(directory: string, digest: string): Promise<Buffer> {
  const bytes = await readFile(blobPath(directory, digest));
  const [algorithm = ""] = digest.split(":");
  const found = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (found !== digest) throw new Error(`${digest} holds ${found}`);
  return bytes;
}
