import { isNotFound } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { blobsOf, type Manifest } from "../oci/manifest.ts";
import { isImageType, isNonDistributable } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";
import type { ReadOptions } from "./manifest-cache.ts";
import { isManifest } from "./walk.ts";

/**
 * How deep to look whether an image is whole: the tag alone, every manifest below it, or every blob too. Registries
 * lose children and layers to their garbage collectors while the tag stays.
 */
export type Depth = "tag" | "manifests" | "blobs";

/** What an image refers to and its repository does not have. */
export interface Missing {
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** Looks for what is missing below a manifest of this repository. Absence is only what the registry calls not found. */
export async function findMissing(
  repository: Repository,
  top: Manifest,
  depth: Depth,
  options: ReadOptions,
): Promise<Missing> {
  const manifests = new Set<Digest>();
  const blobs = new Set<Digest>();
  // Kept apart: the same bytes can be named as a blob here and as a manifest there.
  const seenBlobs = new Set<Digest>();
  const seenManifests = new Set<Digest>();
  const { signal } = options;

  const lookAtBlob = async (digest: Digest): Promise<void> => {
    if (seenBlobs.has(digest)) return;
    seenBlobs.add(digest);
    if (!(await repository.blobs.has(digest, { signal }))) blobs.add(digest);
  };

  const lookBelow = async (manifest: Manifest): Promise<void> => {
    if (manifest.kind === "image") {
      if (depth !== "blobs") return;
      const content = blobsOf(manifest).filter((blob) => !isNonDistributable(blob.mediaType));
      await Promise.all(content.map((blob) => lookAtBlob(blob.digest)));
      return;
    }
    await Promise.all(
      manifest.manifests.map(async (child) => {
        if (!isManifest(child)) return depth === "blobs" ? await lookAtBlob(child.digest) : undefined;
        if (seenManifests.has(child.digest)) return;
        seenManifests.add(child.digest);
        // The bytes may come from memory: that they are still at the registry is what HEAD tells.
        const present = (await repository.manifests.find(child.digest, { signal })) !== undefined;
        if (!present) {
          manifests.add(child.digest);
          return;
        }
        const mayHoldMore = depth === "blobs" || !isImageType(child.mediaType);
        if (mayHoldMore) await lookAtChild(child.digest);
      }),
    );
  };

  const lookAtChild = async (digest: Digest): Promise<void> => {
    try {
      await lookBelow(await options.cache.get(repository, digest, signal));
    } catch (error) {
      // Listed by HEAD and gone for GET: registries with a cache before their storage do that.
      if (!isNotFound(error)) throw error;
      manifests.add(digest);
    }
  };

  if (depth !== "tag") await lookBelow(top);
  return { manifests: [...manifests], blobs: [...blobs] };
}

/** Whether a digest is there with everything below it. @throws what keeps the registry from telling. */
export async function isWhole(repository: Repository, digest: Digest, options: ReadOptions): Promise<boolean> {
  try {
    const top = await options.cache.get(repository, digest, options.signal);
    const { manifests, blobs } = await findMissing(repository, top, "blobs", options);
    return manifests.length + blobs.length === 0;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
