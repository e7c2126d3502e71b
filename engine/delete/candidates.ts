import type { Node, RepositoryIndex } from "../graph/repository-index.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";

/**
 * The config of everything that needs none, stand-ins too: its two bytes are no gain, their delete could be a loss.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
 */
export const emptyBlob: { readonly bytes: Uint8Array; readonly digest: Digest } = emptyObject();

/** What a removed image consists of: all that a sweep may delete, if nobody else needs it. */
export interface Candidates {
  /** Parents before children. */
  readonly manifests: ReadonlyMap<Digest, Node>;
  /** Blob → bytes. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

/**
 * Everything below the given digests. What is gone already brings nothing along; subjects and referrers are others' and
 * never candidates. @throws what reading a manifest throws.
 */
export async function readCandidates(
  repository: Repository,
  index: RepositoryIndex,
  digests: readonly Digest[],
  signal: AbortSignal | undefined,
): Promise<Candidates> {
  const manifests = new Map<Digest, Node>();
  const seen = new Set<Digest>();
  let level = [...new Set(digests)];
  while (level.length > 0) {
    for (const digest of level) seen.add(digest);
    const nodes = await Promise.all(level.map((digest) => index.node(repository, digest, signal)));
    const found = nodes.filter((node) => node !== undefined);
    for (const node of found) manifests.set(node.digest, node);
    level = [...new Set(found.flatMap((node) => node.children))].filter((digest) => !seen.has(digest));
  }
  const blobs = new Map([...manifests.values()].flatMap((node) => [...node.blobs]));
  blobs.delete(emptyBlob.digest);
  return { manifests, blobs };
}

/** The part of the candidates that stands below some of them, these included. */
export function below(candidates: Candidates, tops: readonly Digest[]): ReadonlySet<Digest> {
  const found = new Set<Digest>();
  const visit = (digest: Digest): void => {
    if (found.has(digest)) return;
    found.add(digest);
    const node = candidates.manifests.get(digest);
    for (const child of node?.children ?? []) visit(child);
    for (const blob of node?.blobs.keys() ?? []) found.add(blob);
  };
  for (const top of tops) visit(top);
  return found;
}

function emptyObject(): { readonly bytes: Uint8Array; readonly digest: Digest } {
  const bytes = new TextEncoder().encode("{}");
  return { bytes, digest: digestOf(bytes) };
}
