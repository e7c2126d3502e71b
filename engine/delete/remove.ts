import type { Claims } from "../graph/claims.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import { untag } from "./untag.ts";

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
  const current = await repository.manifests.find(tag, { signal });
  if (!current) return { untagged: true, kept: [] };
  if (current.digest !== expectDigest) {
    const by = `the tag ${tag} was moved to it by somebody else; ${expectDigest} was expected there`;
    return { untagged: false, kept: [{ digest: current.digest, by }] };
  }
  if (claims.claimedSince(repository.name, tag, since)) {
    return {
      untagged: false,
      kept: [{ digest: current.digest, by: `the tag ${tag} has a new owner with the same digest` }],
    };
  }
  await untag(repository, tag, { signal });
  return { untagged: true, kept: [] };
}
