import { randomBytes } from "node:crypto";
import { ImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";

/** Marks a stand-in with the digest it replaces, so that one left by a crash can be told from an image. */
const standInAnnotation = "io.imagesync.stand-in.for";

const cleanUpDeadlineMs = 10_000;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes one tag and nothing else: other tags of the same digest stay. First the registry is asked to delete the tag;
 * one that cannot (distribution before version 3 knows deletes by digest only, which drop every tag of the digest) is
 * served a throw-away manifest under the tag, which is then deleted by its own digest.
 * @throws `unsupported` when the registry deletes nothing at all; then nothing was changed.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
 */
export async function untag(repository: Repository, tag: string, options: Options = {}): Promise<void> {
  const answer = await repository.manifests.delete(tag, options);
  if (answer.status < 300 || answer.status === 404) return;
  if (answer.status !== 400 && answer.status !== 405 && answer.status !== 501) throw answer.error;
  await checkDeletesWork(repository, tag, options);
  await untagByStandIn(repository, tag, options);
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

async function untagByStandIn(repository: Repository, tag: string, options: Options): Promise<void> {
  const original = await repository.manifests.get(tag, options);
  const { manifest, config } = standIn(original.digest);
  const session = await repository.uploads.start(options);
  const body = { bytes: config.bytes.byteLength, open: () => config.bytes, repeatable: true };
  await repository.uploads.put(session, config.descriptor.digest, body, options);
  await repository.manifests.put(manifest, tag, options);
  try {
    // From here on the tag is not the user's: a stop must not leave it so, therefore no signal.
    const answer = await repository.manifests.delete(manifest.digest, {
      signal: AbortSignal.timeout(cleanUpDeadlineMs),
    });
    if (answer.status >= 300 && answer.status !== 404) throw answer.error;
  } catch (error) {
    await repository.manifests.put(original, tag, { signal: AbortSignal.timeout(cleanUpDeadlineMs) });
    throw error;
  }
  await removeConfig(repository, config.descriptor.digest);
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
