import type { Claims, EngineMark } from "../graph/claims.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import type { Kept } from "./report.ts";
import { currentOf, untag, type UntagOptions } from "./untag.ts";

/** What became of one tag. */
export interface Removal {
  /** The tag is gone, by this removal or before. */
  readonly untagged: boolean;
  /** It was not there before. */
  readonly absent: boolean;
  /** What it holds, and why it was left. */
  readonly kept?: Kept | undefined;
  /** The repository had nothing else and is gone as a whole. */
  readonly repositoryDeleted?: boolean | undefined;
  /** A new owner in this process has the tag, with the same digest: the image is his now. */
  readonly claimed: boolean;
}

export interface RemovalOptions extends UntagOptions {
  /** The tag goes only if it still holds this digest. */
  readonly expectDigest: Digest;
  /** A tag that this process has put or confirmed since then (epoch milliseconds, or a mark) stays. @default 0, ever */
  readonly since?: number | EngineMark | undefined;
}

/**
 * Removes a tag if it is still ours: compare, then untag. The caller holds the repository alone. Removing what is gone
 * is success.
 */
export async function removeTag(
  repository: Repository,
  tag: string,
  claims: Claims,
  { expectDigest, since = 0, ...options }: RemovalOptions,
): Promise<Removal> {
  if (claims.claimedSince(repository.name, tag, since)) {
    const current = await currentOf(repository, tag, options.signal);
    if (!current) return gone;
    const mine = current.digest === expectDigest;
    const by = `the tag ${tag} has a new owner with the same digest`;
    return { ...stays, kept: mine ? { digest: current.digest, by } : moved(current.digest), claimed: mine };
  }
  const result = await untag(repository, tag, expectDigest, options);
  if (result.outcome === "held") return { ...stays, kept: moved(result.digest) };
  claims.forget(repository.name, tag);
  return { ...gone, absent: result.outcome === "absent", repositoryDeleted: result.outcome === "repository-deleted" };

  function moved(digest: Digest): Kept {
    return { digest, by: `the tag ${tag} holds it, and not ${expectDigest}` };
  }
}

/** The removal of a tag that was not there. */
export const gone: Removal = { untagged: true, absent: true, claimed: false };
const stays = { untagged: false, absent: false, claimed: false } as const;
