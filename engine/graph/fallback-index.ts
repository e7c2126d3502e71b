import { type ErrorCode, ImagesyncError, isNotFound } from "../errors.ts";
import { fallbackTag } from "../oci/attachment-tag.ts";
import type { Digest } from "../oci/digest.ts";
import type { Index, Manifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";

/**
 * What a fallback tag was found to hold: the index of what refers to a manifest, nothing, or something else; `itself`
 * when that is the manifest.
 */
export type FallbackIndex =
  | { readonly kind: "index"; readonly index: Index }
  | { readonly kind: "absent" }
  | { readonly kind: "other" | "itself"; readonly why: string };

/** What is no manifest is no index. */
const unreadable: ReadonlySet<ErrorCode> = new Set([
  "manifest-invalid",
  "unsupported-media-type",
  "limit",
  "size-mismatch",
]);

/**
 * Reads the fallback tag of a manifest. Registries and people put other things there: GitLab answers the manifest
 * itself where there is no such tag, so only an OCI index that is not the manifest counts.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#unavailable-referrers-api
 */
export async function readFallbackIndex(
  repository: Repository,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<FallbackIndex> {
  let held: Manifest;
  try {
    held = await repository.manifests.get(fallbackTag(subject), { signal });
  } catch (error) {
    if (isNotFound(error)) return { kind: "absent" };
    if (error instanceof ImagesyncError && unreadable.has(error.code)) return { kind: "other", why: error.message };
    throw error;
  }
  if (held.digest === subject) return { kind: "itself", why: "it holds the manifest itself" };
  if (held.kind !== "index" || held.mediaType !== mediaTypes.ociIndex)
    return { kind: "other", why: `it holds a manifest of type ${held.mediaType}` };
  return { kind: "index", index: held };
}
