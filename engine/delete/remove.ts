import { isNotFound } from "../errors.ts";
import type { Claims } from "../graph/claims.ts";
import type { Digest } from "../oci/digest.ts";
import type { ManifestHead } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import { removeStandIn, untag } from "./untag.ts";

/** What a removal did and what it left alone. */
export interface RemovalReport {
  /** The tag is gone, by this removal or before. */
  readonly untagged: boolean;
  /** What was kept, and for whom. */
  readonly kept: readonly { readonly digest: Digest; readonly by: string }[];
}

export interface RemovalOptions {
  /** The tag goes only if it still holds this digest. */
  readonly expectDigest: Digest;
  /** A tag that this process has put or confirmed since then (epoch milliseconds) stays. @default 0, ever */
  readonly since?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes a tag if it is still ours: compare, then untag. Content is left to the registry's collector. The caller holds
 * the repository alone. Removing what is gone is success.
 */
export async function removeTag(
  repository: Repository,
  tag: string,
  claims: Claims,
  options: RemovalOptions,
): Promise<RemovalReport> {
  const { expectDigest, since = 0, signal } = options;
  const current = await currentOf(repository, tag, signal);
  if (!current) return { untagged: true, kept: [] };
  if (current.digest !== expectDigest) {
    const ours = await removeStandIn(repository, tag, current.digest, expectDigest, { signal });
    return ours ? { untagged: true, kept: [] } : movedTo(current.digest, tag, expectDigest);
  }
  if (claims.claimedSince(repository.name, tag, since)) {
    return {
      untagged: false,
      kept: [{ digest: current.digest, by: `the tag ${tag} has a new owner with the same digest` }],
    };
  }
  const moved = await untag(repository, tag, expectDigest, { signal });
  return moved === undefined ? { untagged: true, kept: [] } : movedTo(moved, tag, expectDigest);
}

/** Absence is asked for twice here, as a tag that is wrongly believed to be gone would be left behind for ever. */
async function currentOf(
  repository: Repository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<ManifestHead | undefined> {
  try {
    return await repository.manifests.head(tag, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function movedTo(digest: Digest, tag: string, expected: Digest): RemovalReport {
  const by = `the tag ${tag} was moved to it by somebody else; ${expected} was expected there`;
  return { untagged: false, kept: [{ digest, by }] };
}
