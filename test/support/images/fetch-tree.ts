import { createHash } from "node:crypto";
import { type Algorithm, digestOf } from "./blob.ts";
import { type Answer, type Endpoint, exchange, expectStatus } from "./exchange.ts";
import type { TestDescriptor, TestManifest } from "./manifest.ts";
import { types, withdrawnArtifactType } from "./media-types.ts";

/** Everything below one manifest, flat. Two trees are equal exactly if the images are, byte for byte. */
export interface ImageTree {
  /** Of the top manifest. */
  readonly digest: string;
  readonly mediaType: string;
  /** By digest; the documents as text. */
  readonly manifests: Readonly<Record<string, { mediaType: string; text: string }>>;
  /** Sizes in bytes by digest. */
  readonly blobs: Readonly<Record<string, number>>;
}

interface Document {
  readonly config?: TestDescriptor;
  readonly layers?: readonly TestDescriptor[];
  readonly blobs?: readonly TestDescriptor[];
  readonly manifests?: readonly TestDescriptor[];
}

const accept = [
  types.oci.index,
  types.oci.manifest,
  types.docker.index,
  types.docker.manifest,
  withdrawnArtifactType,
].join(", ");

const deepest = 16;

/**
 * Reads an image back and checks every digest and size below it, content included: the witness that a copy is whole
 * and exact. Shares no code with the engine. Foreign layers are not followed, nor is `subject`.
 * @throws when something is missing or differs from what its descriptor says.
 */
export async function fetchTree(endpoint: Endpoint, repository: string, reference: string): Promise<ImageTree> {
  const manifests: Record<string, { mediaType: string; text: string }> = {};
  const blobs: Record<string, number> = {};

  async function visit(key: string, expected: TestDescriptor | undefined, depth: number): Promise<string> {
    if (depth > deepest) throw new Error(`${repository}: indexes are nested deeper than ${deepest}`);
    const answer = await get(endpoint, `/v2/${repository}/manifests/${key}`, { accept });
    const mediaType = String(answer.headers["content-type"]);
    const digest = digestOf([answer.body], algorithmOf(expected?.digest ?? key));
    const named = String(answer.headers["docker-content-digest"] ?? digest);
    if (algorithmOf(named) === algorithmOf(digest)) expectEqual(named, digest, "Docker-Content-Digest");
    if (key.includes(":")) expectEqual(digest, key, `digest of ${repository}@${key}`);
    if (expected !== undefined) {
      expectEqual(mediaType, expected.mediaType, `type of ${digest}`);
      expectEqual(answer.body.length, expected.size, `size of ${digest}`);
    }
    manifests[digest] = { mediaType, text: answer.body.toString() };
    const document = JSON.parse(answer.body.toString()) as Document;
    for (const child of document.manifests ?? []) {
      if (!(child.digest in manifests)) await visit(child.digest, child, depth + 1);
    }
    for (const blob of [document.config ?? [], document.layers ?? [], document.blobs ?? []].flat()) {
      if (blob.digest in blobs || isForeign(blob)) continue;
      await checkBlob(endpoint, repository, blob);
      blobs[blob.digest] = blob.size;
    }
    return digest;
  }

  const digest = await visit(reference, undefined, 0);
  return { digest, mediaType: manifests[digest]?.mediaType ?? "", manifests, blobs };
}

/** The tree that {@link fetchTree} must find after an image was pushed. */
export function treeOf(image: TestManifest): ImageTree {
  const manifests: Record<string, { mediaType: string; text: string }> = {};
  const blobs: Record<string, number> = {};
  const add = (manifest: TestManifest): void => {
    manifests[manifest.digest] = { mediaType: manifest.mediaType, text: manifest.bytes.toString() };
    for (const blob of manifest.blobs) blobs[blob.digest] = blob.size;
    manifest.children.forEach(add);
  };
  add(image);
  return { digest: image.digest, mediaType: image.mediaType, manifests, blobs };
}

async function checkBlob(endpoint: Endpoint, repository: string, blob: TestDescriptor): Promise<void> {
  const algorithm = algorithmOf(blob.digest);
  const hash = createHash(algorithm);
  let size = 0;
  await get(endpoint, `/v2/${repository}/blobs/${blob.digest}`, {}, (piece) => {
    hash.update(piece);
    size += piece.length;
  });
  expectEqual(`${algorithm}:${hash.digest("hex")}`, blob.digest, `digest of a blob in ${repository}`);
  expectEqual(size, blob.size, `size of ${blob.digest}`);
}

async function get(
  endpoint: Endpoint,
  target: string,
  headers: Readonly<Record<string, string>>,
  onData?: (piece: Buffer) => void,
): Promise<Answer> {
  const answer = await exchange(endpoint, { method: "GET", target, headers, ...(onData ? { onData } : {}) });
  expectStatus(answer, [200], `GET ${target}`);
  return answer;
}

function isForeign(blob: TestDescriptor): boolean {
  return blob.mediaType === types.oci.foreign || blob.mediaType === types.docker.foreign;
}

function algorithmOf(reference: string): Algorithm {
  return reference.startsWith("sha512:") ? "sha512" : "sha256";
}

function expectEqual(found: string | number, expected: string | number, what: string): void {
  if (found !== expected) throw new Error(`The ${what} is ${found}, expected ${expected}`);
}
