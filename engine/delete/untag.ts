import { randomBytes } from "node:crypto";
import { type ErrorCode, ImagesyncError, toImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";

/** Marks a stand-in with the digest it replaces, so that one left by a crash can be told from an image. */
const standInAnnotation = "io.imagesync.stand-in.for";

const cleanUpDeadlineMs = 10_000;

/** Each one meets another writer of the same repository by chance only. */
const standInAttempts = 5;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes one tag and nothing else: other tags of the same digest stay. First the registry is asked to delete the tag;
 * one that cannot (distribution before version 3 knows deletes by digest only, which drop every tag of the digest) is
 * served a throw-away manifest under the tag, which is then deleted by its own digest.
 * @returns the digest that the tag turned out to hold instead of `expected`, and still holds; undefined when it is gone.
 * @throws `unsupported` when the registry deletes nothing at all; then nothing was changed.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
 */
export async function untag(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: Options = {},
): Promise<Digest | undefined> {
  const answer = await repository.manifests.delete(tag, options);
  if (answer.status < 300 || answer.status === 404) return undefined;
  if (answer.status !== 400 && answer.status !== 405 && answer.status !== 501) throw answer.error;
  await checkDeletesWork(repository, tag, options);
  return await untagByStandIn(repository, tag, expected, options);
}

/**
 * Takes a stand-in away that a removal of `expected` has left on the tag, because its process was killed.
 * @returns whether it was one.
 */
export async function removeStandIn(
  repository: Repository,
  tag: string,
  found: Digest,
  expected: Digest,
  options: Options = {},
): Promise<boolean> {
  const manifest = await getReadable(repository, found, options);
  if (manifest?.annotations?.[standInAnnotation] !== expected) return false;
  await deleteStandIn(repository, tag, manifest, () => options);
  if (manifest.kind === "image" && manifest.config) await removeConfig(repository, manifest.config.digest);
  return true;
}

/** What cannot be read as a manifest, or is gone again, was not made here. */
const unreadable: ReadonlySet<ErrorCode> = new Set([
  "manifest-invalid",
  "unsupported-media-type",
  "limit",
  "digest-mismatch",
  "not-found",
]);

async function getReadable(repository: Repository, digest: Digest, options: Options): Promise<Manifest | undefined> {
  try {
    return await repository.manifests.get(digest, options);
  } catch (error) {
    if (error instanceof ImagesyncError && unreadable.has(error.code)) return undefined;
    throw error;
  }
}

/** Asks for the delete of a digest that cannot exist: a registry that deletes says that it does not have it. */
async function checkDeletesWork(repository: Repository, tag: string, options: Options): Promise<void> {
  const answer = await repository.manifests.delete(digestOf(randomBytes(32)), options);
  if (answer.status === 404 || answer.status < 300) return;
  if (answer.status !== 400 && answer.status !== 405 && answer.status !== 501) throw answer.error;
  const { registry } = repository.name;
  throw new ImagesyncError({
    code: "unsupported",
    operation: "delete tag",
    side: "destination",
    registry,
    status: answer.status,
    message: `Cannot delete tag ${registry}/${repository.name.repository}:${tag}: the registry does not allow deletes (status ${answer.status})`,
    hint: "Enable deletes at the registry (distribution: storage.delete.enabled), or delete the tag there by hand",
    cause: answer.error,
  });
}

async function untagByStandIn(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: Options,
): Promise<Digest | undefined> {
  const original = await repository.manifests.get(tag, options);
  if (original.digest !== expected) return original.digest;
  const { manifest, config } = standIn(original.digest);
  const session = await repository.uploads.start(options);
  const body = { bytes: config.bytes.byteLength, open: () => config.bytes, repeatable: true };
  try {
    await repository.uploads.put(session, config.descriptor.digest, body, options);
  } catch (error) {
    await repository.uploads.cancel(session);
    throw error;
  }
  options.signal?.throwIfAborted();
  try {
    // From here on the tag may not be the user's: a stop must not leave it so, therefore no signal of his.
    const limits = (): Options => ({ signal: AbortSignal.timeout(cleanUpDeadlineMs) });
    await repository.manifests.put(manifest, tag, limits());
    await deleteStandIn(repository, tag, manifest, limits);
  } catch (error) {
    if (!(await putBackOrGone(repository, tag, original, manifest.digest))) throw error;
  }
  await removeConfig(repository, config.descriptor.digest);
  return undefined;
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
    const answer = await repository.manifests.delete(standIn.digest, limits());
    if (answer.status < 300) return;
    const current = await repository.manifests.find(tag, limits());
    if (current?.digest === standIn.digest || (current && answer.status !== 404)) throw answer.error;
    if (current || attempt >= standInAttempts) return;
    await repository.manifests.put(standIn, tag, limits());
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
    if (current?.digest === standInDigest) await repository.manifests.put(original, tag, options);
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

/** A manifest of its own digest, with nothing but a config that no image shares. */
function standIn(original: Digest): { manifest: Manifest; config: { descriptor: Descriptor; bytes: Uint8Array } } {
  const nonce = randomBytes(16).toString("hex");
  const bytes = new TextEncoder().encode(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { [standInAnnotation]: nonce } },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(bytes), size: bytes.byteLength };
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor,
    layers: [],
    annotations: { [standInAnnotation]: original },
  });
  return {
    manifest: parseManifest(new TextEncoder().encode(text), mediaTypes.ociManifest),
    config: { descriptor, bytes },
  };
}

async function removeConfig(repository: Repository, digest: Digest): Promise<void> {
  try {
    await repository.blobs.delete(digest, { signal: AbortSignal.timeout(cleanUpDeadlineMs) });
  } catch {
    // Some hundred bytes that nothing refers to: the registry's own collector takes them.
  }
}
