import { ImagesyncError, isNotFound } from "../errors.ts";
import { isWhole } from "../graph/completeness.ts";
import { retentionTag } from "../graph/retention.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import { type CopyContext, tagImage } from "./copy.ts";

/** A digest that a tag has held, and shall stay pullable. */
export interface Retention {
  /** Opened for writing. */
  readonly destination: Repository;
  /** What it was, or may still be, the digest of. */
  readonly tag: string;
  readonly digest: Digest;
}

/** Puts a tag of its own on the digest. @returns false when the digest, or part of it, is gone */
export async function retainDigest(
  { destination, tag, digest }: Retention,
  context: CopyContext,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const retaining = retentionTag(tag, digest);
  const isHeld = async (name: string): Promise<boolean> =>
    (await destination.manifests.find(name, { signal }))?.digest === digest;
  if (await isHeld(retaining)) return true;
  const order = { source: destination, destination, digest, wanted: digest, cold: false, distrust: false };
  try {
    // What its tag has left already can have lost content since: what no tag leads to nobody sees who deletes.
    const isThere = (await isHeld(tag)) || (await isWhole(destination, digest, { cache: context.cache, signal }));
    if (!isThere) return false;
    await tagImage({ ...order, tag: retaining, onEvent: () => undefined, signal }, context);
    return true;
  } catch (error) {
    const incomplete = error instanceof ImagesyncError && error.registryCode === "MANIFEST_BLOB_UNKNOWN";
    if (isNotFound(error) || incomplete) return false;
    throw error;
  }
}
