import type { Capability } from "../graph/capabilities.ts";
import type { Repository } from "../registry/repository.ts";
import { fillAndDelete } from "./stand-in.ts";
import { checkDeletesWork } from "./untag.ts";

/**
 * Whether a tag that is listed with nothing behind it can be what an interrupted delete has left. Where tags are deleted
 * by themselves it cannot: there the list is an old one, which shows what has just been deleted.
 */
export function canBeHollow(repository: Repository, capability: Capability): boolean {
  return !repository.vendor.deletesTags && capability.deletesByTag !== true;
}

/**
 * Takes a tag away that is listed although nothing is behind it: no delete of a digest reaches it before something is.
 * @throws `unsupported` when the registry deletes nothing; then nothing was written.
 */
export async function removeHollowTag(
  repository: Repository,
  tag: string,
  { capability, signal }: { readonly capability: Capability; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await checkDeletesWork(repository, tag, capability, signal);
  await fillAndDelete(repository, tag, { signal });
}
