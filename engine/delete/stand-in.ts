import { randomBytes } from "node:crypto";
import { type ErrorCode, ImagesyncError, toImagesyncError } from "../errors.ts";
import { type Node, toNode } from "../graph/repository-index.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";
import { emptyBlob } from "./candidates.ts";

/** Marks a stand-in with the digest it replaces, so that one left by a crash can be told from an image. */
const standInAnnotation = "io.imagesync.stand-in.for";
const standInType = "application/vnd.imagesync.stand-in.v1";

const cleanUpDeadlineMs = 10_000;

/** Each one meets another writer of the same repository by chance only. */
const attempts = 5;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The digest that a stand-in replaces; undefined for what is none. Anybody can write the annotation: what has content of
 * its own is an image, whatever it says of itself.
 */
export function standInFor({ annotations, children, blobs }: Omit<Node, "digest" | "bytes">): string | undefined {
  const isEmpty = children.length === 0 && [...blobs.keys()].every((blob) => blob === emptyBlob.digest);
  return isEmpty ? annotations?.[standInAnnotation] : undefined;
}

/** Everything a stand-in needs in its repository. */
export async function prepareStandIn(repository: Repository, options: Options = {}): Promise<void> {
  if (await repository.blobs.has(emptyBlob.digest, options)) return;
  const session = await repository.uploads.start(options);
  const body = { bytes: emptyBlob.bytes.byteLength, open: () => emptyBlob.bytes, repeatable: true };
  try {
    await repository.uploads.put(session, emptyBlob.digest, body, options);
  } catch (error) {
    await repository.uploads.cancel(session);
    throw error;
  }
}

/**
 * Takes a tag away from a registry that deletes by digest only, which drops every tag of the digest: the tag is moved
 * to a manifest of its own, and that one is deleted. The image is read before, and put back when the delete fails.
 * @returns what the tag holds instead of `expected`, nothing being changed then; undefined when it is gone.
 */
export async function replaceAndDelete(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: Options = {},
): Promise<Digest | undefined> {
  const standIn = createStandIn(expected);
  const original = await repository.manifests.get(tag, options);
  // Between this comparison and the next request nothing else may stand.
  if (original.digest !== expected) return original.digest;
  // From here on the tag may not be the user's: a stop must not leave it so, therefore no signal of his.
  const limits = (): Options => ({ signal: AbortSignal.timeout(cleanUpDeadlineMs) });
  try {
    await repository.manifests.put(standIn, tag, { ...limits(), once: true });
    await deleteStandIn(repository, tag, standIn, limits);
  } catch (error) {
    if (!(await putBackOrGone(repository, tag, original, standIn.digest))) throw error;
  }
  return undefined;
}

/**
 * Takes a stand-in away that a removal has left on the tag, because its process was killed.
 * @param expected what it was made for; by default anything.
 * @returns whether it was a stand-in.
 */
export async function removeStandIn(
  repository: Repository,
  tag: string,
  found: Digest,
  options: Options & { readonly expected?: Digest | undefined } = {},
): Promise<boolean> {
  const manifest = await readManifest(repository, found, options);
  const original = manifest && standInFor(toNode(found, manifest));
  if (!manifest || original === undefined) return false;
  if (options.expected !== undefined && original !== options.expected) return false;
  await deleteStandIn(repository, tag, manifest, () => ({ signal: AbortSignal.timeout(cleanUpDeadlineMs) }));
  return true;
}

/** Gives a tag that has nothing behind it a stand-in, with which it can be deleted. */
export async function fillAndDelete(repository: Repository, tag: string, options: Options = {}): Promise<void> {
  await prepareStandIn(repository, options);
  const standIn = createStandIn("nothing");
  if ((await repository.manifests.find(tag, options)) !== undefined) return;
  const limits = (): Options => ({ signal: AbortSignal.timeout(cleanUpDeadlineMs) });
  await repository.manifests.put(standIn, tag, { ...limits(), once: true });
  await deleteStandIn(repository, tag, standIn, limits);
}

/** What cannot be read as a manifest, or is gone again, was not made here. */
const unreadable: ReadonlySet<ErrorCode> = new Set([
  "manifest-invalid",
  "unsupported-media-type",
  "limit",
  "digest-mismatch",
  "not-found",
]);

async function readManifest(repository: Repository, digest: Digest, options: Options): Promise<Manifest | undefined> {
  try {
    return await repository.manifests.get(digest, options);
  } catch (error) {
    if (error instanceof ImagesyncError && unreadable.has(error.code)) return undefined;
    throw error;
  }
}

/**
 * Deletes a stand-in, and its tag with it. Distribution 2.8 forgets the manifest first and then reads all tags of the
 * repository for it; where somebody is writing a tag just then it reads an empty file, answers 500, and from then on 404.
 * The tag is left with nothing behind it: nobody can pull it, but it is listed, and no delete reaches it any more. So
 * after any answer but success the stand-in is put again where the tag has nothing, and deleted once more.
 * @throws the registry's refusal while the tag still holds the stand-in.
 */
async function deleteStandIn(
  repository: Repository,
  tag: string,
  standIn: Manifest,
  limits: () => Options,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await repository.manifests.delete(standIn.digest, { ...limits(), onlyTag: tag });
    if (answer.status < 300) return;
    const current = await repository.manifests.find(tag, limits());
    const stuck = current?.digest === standIn.digest || (current !== undefined && answer.status !== 404);
    if (stuck && (attempt >= attempts || answer.status < 500)) throw answer.error;
    if ((current && !stuck) || attempt >= attempts) return;
    if (!stuck) await repository.manifests.put(standIn, tag, { ...limits(), once: true });
  }
}

/**
 * A failure leaves open what has happened, so the tag is looked at: if it holds the stand-in, the image is put back.
 * @returns whether the tag is gone, which was the purpose.
 */
async function putBackOrGone(
  repository: Repository,
  tag: string,
  original: Manifest,
  standInDigest: Digest,
): Promise<boolean> {
  try {
    const options = { signal: AbortSignal.timeout(cleanUpDeadlineMs) };
    const current = await repository.manifests.find(tag, options);
    if (current?.digest === standInDigest) {
      await repository.manifests.put(original, tag, { ...options, once: true });
      await forget(repository, standInDigest);
    }
    return current === undefined;
  } catch (error) {
    const { registry } = repository.name;
    throw new ImagesyncError({
      code: toImagesyncError(error, "delete tag").code,
      operation: "delete tag",
      side: "destination",
      registry,
      message: `Cannot delete tag ${registry}/${repository.name.repository}:${tag}: it may hold a stand-in without content now, and ${original.digest} could not be put back`,
      hint: "Repeat the delete when the registry is well, or push the image to the tag again",
      cause: error,
    });
  }
}

/** Some registries delete no manifest that has a tag, and this one has none any more. */
async function forget(repository: Repository, standInDigest: Digest): Promise<void> {
  try {
    await repository.manifests.delete(standInDigest, { signal: AbortSignal.timeout(cleanUpDeadlineMs) });
  } catch {
    // Some hundred bytes that nothing refers to; why the tag could not be deleted is what the user has to know.
  }
}

/** A manifest of its own digest, with nothing that anybody could miss. */
function createStandIn(original: string): Manifest {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: standInType,
    config: { mediaType: mediaTypes.ociEmpty, digest: emptyBlob.digest, size: emptyBlob.bytes.byteLength },
    layers: [],
    annotations: { [standInAnnotation]: original, "io.imagesync.stand-in.id": randomBytes(16).toString("hex") },
  });
  return parseManifest(new TextEncoder().encode(text), mediaTypes.ociManifest);
}
