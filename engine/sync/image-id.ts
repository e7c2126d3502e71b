import { ImagesyncError, type ErrorCode } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Repository } from "../registry/repository.ts";

/** Indexes of indexes exist; deeper than this nobody means it. */
const maxDepth = 8;

/** What is at a digest, but has no image ID that could be compared: gone meanwhile, too old, or no image at all. */
const incomparable: ReadonlySet<ErrorCode> = new Set(["not-found", "unsupported-media-type", "manifest-invalid"]);

/**
 * What docker calls the ID of an image: the digest of its configuration, in an index that of linux/amd64. Undefined
 * where there is none.
 */
export async function imageIdOf(
  repository: Repository,
  top: Manifest,
  options: ReadOptions,
): Promise<Digest | undefined> {
  let manifest = top;
  for (let depth = 0; manifest.kind === "index"; depth += 1) {
    const child = manifest.manifests.find(
      ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
    );
    if (child === undefined || depth === maxDepth) return undefined;
    manifest = await options.cache.get(repository, child.digest, options.signal);
  }
  return manifest.config?.digest;
}

/** The image ID of what a repository has at a digest; undefined also where that is not to be had. */
export async function imageIdAt(
  repository: Repository,
  digest: Digest,
  options: ReadOptions,
): Promise<Digest | undefined> {
  try {
    return await imageIdOf(repository, await options.cache.get(repository, digest, options.signal), options);
  } catch (error) {
    // It is not the same image then, which is all that is asked.
    if (error instanceof ImagesyncError && incomparable.has(error.code)) return undefined;
    throw error;
  }
}
