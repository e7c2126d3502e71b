import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import { readFallbackIndex } from "./fallback-index.ts";
import type { ReferrerLists } from "./referrer-lists.ts";

/**
 * Which of some referrers of a manifest are in place: there, and listed under their subject. The API answers with one
 * request for all of them; a fallback tag names also what is gone, so each that it names is asked for.
 */
export async function findListed(
  repository: Repository,
  subject: Digest,
  wanted: readonly Digest[],
  { lists, signal }: { readonly lists: ReferrerLists; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlySet<Digest>> {
  const listed = new Set((await lists.list(repository, subject, { signal }))?.map(({ digest }) => digest));
  const rest = wanted.filter((digest) => !listed.has(digest));
  if (rest.length === 0) return listed;
  const fallback = await readFallbackIndex(repository, subject, signal);
  if (fallback.kind !== "index") return listed;
  const named = new Set(fallback.index.manifests.map(({ digest }) => digest));
  await Promise.all(
    rest.map(async (digest) => {
      if (named.has(digest) && (await repository.manifests.find(digest, { signal }))) listed.add(digest);
    }),
  );
  return listed;
}
