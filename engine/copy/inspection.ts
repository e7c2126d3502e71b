import { type Depth, findMissing, type Missing } from "../graph/completeness.ts";
import type { ManifestCache } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import { isImageType } from "../oci/media-types.ts";
import type { ManifestHead } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import { platformsOf } from "./platforms.ts";

/** What a reference points at. */
export interface Inspection extends ManifestHead {
  /** Platform, such as `linux/arm/v7`, to the digest of its image; only when it was asked for. */
  readonly platforms?: ReadonlyMap<string, Digest> | undefined;
  /** What is missing below the manifest, as deep as was asked. */
  readonly missing: Missing;
}

/** How closely to look. */
export interface InspectionOptions {
  /** How far below the manifest. @default "tag": not at all */
  readonly depth?: Depth | undefined;
  /** Whether its platforms are wanted. @default false */
  readonly platforms?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at the manifest of a tag or digest, and below it. What is missing there is a result.
 * @throws `not-found` when there is no such manifest.
 */
export async function inspectManifest(
  repository: Repository,
  key: string,
  cache: ManifestCache,
  { depth = "tag", platforms, signal }: InspectionOptions,
): Promise<Inspection> {
  const head = await repository.manifests.head(key, { signal });
  // Below a plain image there are blobs only: looking for manifests needs no further request.
  const nothingBelow = depth === "tag" || (depth === "manifests" && isImageType(head.mediaType));
  if (nothingBelow && platforms !== true) return { ...head, missing: { manifests: [], blobs: [] } };
  const top = await cache.get(repository, head.digest, signal);
  const missing = await findMissing(repository, top, depth, { cache, signal });
  const size = { digest: head.digest, mediaType: top.mediaType, size: top.bytes.byteLength };
  if (platforms !== true) return { ...size, missing };
  return { ...size, missing, platforms: await platformsOf(repository, top, { cache, signal }) };
}
