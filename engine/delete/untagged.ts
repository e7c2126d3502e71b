import { toImagesyncError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import type { Skipped } from "./report.ts";

/**
 * Manifests that no tag holds and that are old enough, from registries that list them. Whether something else needs
 * them is the mark's to say. A list that cannot be had is no failure: it is reported.
 */
export async function findUntagged(
  repository: Repository,
  options: { readonly untaggedOlderThanMs?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly digests: readonly Digest[]; readonly skipped: readonly Skipped[] }> {
  const { untaggedOlderThanMs, signal } = options;
  if (untaggedOlderThanMs === undefined) return { digests: [], skipped: [] };
  try {
    const inventory = await repository.tags.inventory({ signal });
    if (inventory === undefined) return { digests: [], skipped: [cannotList] };
    const before = Date.now() - untaggedOlderThanMs;
    const old = [...inventory].filter(
      ([, { tags, uploadedAtMs }]) => tags.length === 0 && uploadedAtMs !== undefined && uploadedAtMs < before,
    );
    return { digests: old.map(([digest]) => digest), skipped: [] };
  } catch (error) {
    signal?.throwIfAborted();
    return { digests: [], skipped: [{ what: "untagged", why: toImagesyncError(error, "list manifests").message }] };
  }
}

const cannotList: Skipped = {
  what: "untagged",
  why: "this registry does not list what no tag holds; name the digests, or use its own clean-up rules",
};
