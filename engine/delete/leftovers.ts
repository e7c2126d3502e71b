import { toImagesyncError } from "../errors.ts";
import type { Capability } from "../graph/capabilities.ts";
import type { RepositoryIndex } from "../graph/repository-index.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import type { Mark } from "./mark.ts";
import type { Skipped } from "./report.ts";
import { canBeHollow, removeHollowTag } from "./hollow-tag.ts";
import { removeStandIn, standInFor } from "./stand-in.ts";

/** What interrupted removals have left in a repository. */
export interface Leftovers {
  /** Tag → the stand-in that it holds. */
  readonly standIns: ReadonlyMap<string, Digest>;
  /** Tags that are listed with nothing behind them. */
  readonly hollow: readonly string[];
}

interface LeftoverOptions {
  readonly capability: Capability;
  readonly signal?: AbortSignal | undefined;
}

/** Looks at what the tags of a marked repository hold; nothing is read anew. */
export async function findLeftovers(
  repository: Repository,
  index: RepositoryIndex,
  mark: Mark,
  { capability, signal }: LeftoverOptions,
): Promise<Leftovers> {
  const standIns = new Map<string, Digest>();
  for (const [tag, digest] of mark.tags) {
    const node = await index.node(repository, digest, signal);
    if (node && standInFor(node) !== undefined) standIns.set(tag, digest);
  }
  return { standIns, hollow: canBeHollow(repository, capability) ? mark.hollow : [] };
}

/** Finishes those removals. @returns the tags that are gone now, and what could not be done. */
export async function finishLeftovers(
  repository: Repository,
  { standIns, hollow }: Leftovers,
  { capability, signal }: LeftoverOptions,
): Promise<{ readonly tags: readonly string[]; readonly skipped: readonly Skipped[] }> {
  const tags: string[] = [];
  const skipped: Skipped[] = [];
  const finish = async (tag: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      tags.push(tag);
    } catch (error) {
      signal?.throwIfAborted();
      skipped.push({ what: `tag ${tag}`, why: toImagesyncError(error, "delete tag").message });
    }
  };
  for (const [tag, digest] of standIns) await finish(tag, () => removeStandIn(repository, tag, digest, { signal }));
  for (const tag of hollow) await finish(tag, () => removeHollowTag(repository, tag, { capability, signal }));
  return { tags, skipped };
}
