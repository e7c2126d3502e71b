import { RegistryError } from "./errors.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { jsonReply, type Reply } from "./reply.ts";

/**
 * GET: the tags of a repository in lexical order, in pages of `n` after the tag `last`.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository } = exchange.route;
  const n = pageLength(exchange.query.get("n"), registry.options.maxTagsPerPage);
  const last = exchange.query.get("last") ?? "";
  if (!(await registry.storage.knows(repository))) {
    throw new RegistryError("NAME_UNKNOWN", "The repository does not exist");
  }
  const all = (await registry.storage.keys(repository, "tags")).sort();
  const following = last === "" ? all : all.filter((tag) => tag > last);
  const tags = following.slice(0, n);
  const next = tags.at(-1);
  const more = next !== undefined && following.length > tags.length;
  return jsonReply(
    { name: repository, tags },
    more ? { Link: `</v2/${repository}/tags/list?n=${n}&last=${encodeURIComponent(next)}>; rel="next"` } : {},
  );
}

/** Removes every tag that points at the digest. */
export async function untagAll(registry: Registry, repository: string, digest: string): Promise<void> {
  for (const tag of await registry.storage.keys(repository, "tags")) {
    if ((await registry.storage.get(repository, "tags", tag)) === digest) {
      await registry.storage.remove(repository, "tags", tag);
    }
  }
}

function pageLength(text: string | null, longest: number): number {
  if (text === null) return longest;
  if (!/^\d{1,9}$/.test(text)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "The page length n is not a number");
  }
  return Math.min(Number(text), longest);
}
