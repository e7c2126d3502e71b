import type { Capability } from "../graph/capabilities.ts";
import type { RepositoryIndex } from "../graph/repository-index.ts";
import { toImagesyncError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import { attachedTo, type Collected } from "./attached.ts";
import { below, type Candidates, readCandidates } from "./candidates.ts";
import { type Mark, Marker } from "./mark.ts";
import type { CollectionReport } from "./report.ts";
import { canBeHollow } from "./hollow-tag.ts";
import { finishLeftovers } from "./leftovers.ts";
import { sweep, type Swept } from "./sweep.ts";

/** What one removal wants to be collected. */
export interface CollectionOrder {
  readonly digests: readonly Digest[];
  readonly keepDigests: readonly Digest[];
  /** What belongs to the digests is wanted too, also where they are gone already, as at Quay without their tag. */
  readonly attached?: boolean | undefined;
  /**
   * Tags that were taken away just now, with what they held. One that is still listed with nothing behind it is healed;
   * a dry run counts them as gone.
   */
  readonly tags: readonly (readonly [tag: string, digest: Digest])[];
}

export interface CollectionOptions {
  readonly index: RepositoryIndex;
  readonly capability: Capability;
  /** Tags that this process has put: a listing without them would be an old one. */
  readonly knownTags: readonly string[];
  /** Tags that count as gone while they hold this: what a dry run would take away. */
  readonly without?: ReadonlyMap<string, Digest> | undefined;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Collects for many removals in one repository at once: one mark serves all of them. The caller holds the repository
 * alone. What a registry answers never fails this: what could not be done is in the reports, one for each order.
 */
export async function collect(
  repository: Repository,
  orders: readonly CollectionOrder[],
  options: CollectionOptions,
): Promise<Collected[]> {
  const { index, capability, knownTags, without, dryRun, signal } = options;
  let candidates: Candidates;
  try {
    candidates = await readCandidates(
      repository,
      index,
      orders.flatMap((order) => order.digests),
      signal,
    );
  } catch (error) {
    signal?.throwIfAborted();
    const skipped = [{ what: "collection", why: toImagesyncError(error, "read what to collect").message }];
    return orders.map(() => ({ ...nothing, skipped, attached: [] }));
  }
  const marker = new Marker(repository, index);
  const keepDigests = orders.flatMap((order) => order.keepDigests);
  const hollow = new Set<string>();
  let last: Mark | undefined;
  const mark = async (): Promise<Mark> => {
    const tops = [...candidates.manifests.keys()];
    const marked = await marker.mark({ keepDigests, knownTags, without, candidates: tops, signal });
    for (const tag of marked.hollow) hollow.add(tag);
    last = marked;
    return marked;
  };
  const swept = await sweep(repository, candidates, mark, { capability, dryRun, signal });
  const isGone = (digest: Digest): boolean => !candidates.manifests.has(digest) && !candidates.blobs.has(digest);
  if (last === undefined && orders.some(({ attached, digests }) => attached === true && digests.some(isGone))) {
    try {
      await mark();
    } catch {
      // Then nothing more is known, and nothing more goes.
      signal?.throwIfAborted();
    }
  }
  return await Promise.all(
    orders.map(async (order) => {
      const tags = order.tags.map(([tag]) => tag).filter((tag) => hollow.has(tag));
      const leftovers = { standIns: new Map(), hollow: dryRun || !canBeHollow(repository, capability) ? [] : tags };
      const healed = await finishLeftovers(repository, leftovers, options);
      const report = reportOf(order, candidates, swept);
      const own = below(candidates, order.digests);
      const gone = new Set([
        ...report.manifests,
        ...order.digests.filter(isGone),
        ...[...swept.absent].filter((digest) => own.has(digest)),
      ]);
      const attached = last ? attachedTo(gone, last) : [];
      return { ...report, skipped: [...report.skipped, ...healed.skipped], attached };
    }),
  );
}

/** The report of doing nothing. */
export const nothing: CollectionReport = {
  tags: [],
  manifests: [],
  blobs: [],
  bytes: 0,
  kept: [],
  skipped: [],
  unsupported: { manifests: 0, blobs: 0 },
};

/** The part of the outcome that belongs to one order. */
function reportOf(order: CollectionOrder, candidates: Candidates, swept: Swept): CollectionReport {
  const own = below(candidates, order.digests);
  const manifests = [...swept.manifests].filter((digest) => own.has(digest));
  const blobs = [...swept.blobs].filter((digest) => own.has(digest));
  const sizes = [
    ...manifests.map((digest) => candidates.manifests.get(digest)?.bytes ?? 0),
    ...blobs.map((digest) => candidates.blobs.get(digest) ?? 0),
  ];
  const unsupported = [...swept.unsupported].filter((digest) => own.has(digest));
  const unsupportedManifests = unsupported.filter((digest) => candidates.manifests.has(digest)).length;
  const skipped = [...swept.skipped].filter(([digest]) => own.has(digest));
  const kept = [...swept.kept].filter(([digest]) => own.has(digest));
  // What stands below something kept needs no line of its own.
  const belowKept = below(
    candidates,
    kept.flatMap(([digest]) => contentOf(candidates, digest)),
  );
  const doubt = swept.doubt === undefined ? [] : [{ what: "collection", why: swept.doubt }];
  return {
    ...nothing,
    manifests,
    blobs,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    kept: kept.filter(([digest]) => !belowKept.has(digest)).map(([digest, by]) => ({ digest, by })),
    skipped: [...skipped.map(([digest, why]) => ({ what: digest, why })), ...doubt],
    unsupported: { manifests: unsupportedManifests, blobs: unsupported.length - unsupportedManifests },
  };
}

function contentOf({ manifests }: Candidates, digest: Digest): Digest[] {
  const node = manifests.get(digest);
  return node ? [...node.children, ...node.blobs.keys()] : [];
}
