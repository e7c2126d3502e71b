import { closeSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestBlob, type TestDescriptor, type TestManifest, digestOf } from "../test/support/images/index.ts";

interface Document {
  readonly config: TestDescriptor;
  readonly layers: readonly TestDescriptor[];
}

/**
 * Reads the one image of an OCI image layout, to be pushed.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function readLayout(folder: string): Promise<TestManifest> {
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as { manifests: TestDescriptor[] };
  const [top] = index.manifests;
  if (top === undefined || index.manifests.length > 1) throw new Error(`${folder} does not hold exactly one image`);
  const bytes = await readFile(blobPath(folder, top.digest));
  if (digestOf([bytes]) !== top.digest) throw new Error(`${folder} is damaged: ${top.digest}`);
  const { config, layers } = JSON.parse(bytes.toString()) as Document;
  const blobs = [config, ...layers].map((blob) => fileBlob(folder, blob));
  return { mediaType: top.mediaType, bytes, digest: top.digest, blobs, children: [] };
}

function fileBlob(folder: string, { digest, size }: TestDescriptor): TestBlob {
  return { digest, size, open: () => fileContent(blobPath(folder, digest)) };
}

function* fileContent(path: string): Generator<Buffer, void> {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(1 << 20);
      const bytes = readSync(file, buffer);
      if (bytes === 0) return;
      yield buffer.subarray(0, bytes);
    }
  } finally {
    closeSync(file);
  }
}

function blobPath(folder: string, digest: string): string {
  return join(folder, "blobs", digest.replace(":", "/"));
}
