import type { Companions } from "../graph/companions.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Stored } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import type { FallbackLists } from "./fallback-lists.ts";

/** How lists of referrers are read, and kept where the registry keeps none. */
export interface ReferrerContext {
  readonly companions: Companions;
  readonly fallbackLists: FallbackLists;
}

/**
 * The last step for what belongs to another manifest: whoever asks for what refers to that one must find it. A registry
 * with the API lists it by itself; for others it is entered into the fallback tag.
 */
export async function listUnderSubject(
  manifest: Manifest,
  { listsSubject }: Stored,
  destination: Repository,
  { companions, fallbackLists }: ReferrerContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  // If this destination is a source next, it has other tags now.
  companions.tags.forget(destination.name);
  const subject = manifest.subject?.digest;
  if (subject === undefined || listsSubject) return;
  // A proxy may have taken the header away that says so.
  const listed = await companions.lists.list(destination, subject, { signal });
  if (listed?.some(({ digest }) => digest === manifest.digest) === true) return;
  await fallbackLists.add(destination, { manifest, subject }, signal);
}
