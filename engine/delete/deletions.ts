import { setImmediate as nextTurn } from "node:timers/promises";
import { Batches } from "../concurrency/batches.ts";
import type { KeyedLock } from "../concurrency/keyed-lock.ts";
import { untilStopped } from "../concurrency/until-stopped.ts";
import { ImagesyncError, stopped, toImagesyncError } from "../errors.ts";
import { Capabilities } from "../graph/capabilities.ts";
import type { Claims, EngineMark } from "../graph/claims.ts";
import { type Known, repositoryKey } from "../graph/known.ts";
import type { ManifestCache } from "../graph/manifest-cache.ts";
import { RepositoryIndex } from "../graph/repository-index.ts";
import { retentionTag } from "../graph/retention.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { type Collected, removeAttached } from "./attached.ts";
import { readCandidates } from "./candidates.ts";
import { collect, type CollectionOptions, type CollectionOrder, nothing } from "./collect.ts";
import { findLeftovers, finishLeftovers } from "./leftovers.ts";
import { findUntagged } from "./untagged.ts";
import { Marker } from "./mark.ts";
import { gone, type Removal, removeTag } from "./remove.ts";
import type { CollectionReport, RemovalReport, Skipped } from "./report.ts";
import { checkUntag, currentOf } from "./untag.ts";

/** What lives as long as the engine and is shared with copies. */
export interface DeletionContext {
  readonly known: Known;
  readonly claims: Claims;
  readonly cache: ManifestCache;
  /** Copies share a repository, deletes have it alone. */
  readonly repositoryLock: KeyedLock;
}

interface DeletionOptions {
  /** Never collected, with all below them. */
  readonly keepDigests?: readonly Digest[] | undefined;
  /** Take what belongs to images that go, signatures and SBOMs, along with them. @default false, they stay */
  readonly referrers?: boolean | undefined;
  /** `untag` takes tags away and leaves all content to the registry. @default "delete" */
  readonly policy?: "delete" | "untag" | undefined;
  /** Change nothing, report what would be done. @default false */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a tag is removed. */
export interface RemoveOptions extends DeletionOptions {
  /** The tag goes only if it still holds this digest. @default whatever it holds now */
  readonly expectDigest?: Digest | undefined;
  /** Earlier digests of the tag that are ours: they are let go and collected too. */
  readonly previous?: readonly Digest[] | undefined;
  /** A tag that this process has put or confirmed since then (epoch milliseconds, or a plan's mark) stays. @default 0, ever */
  readonly since?: number | EngineMark | undefined;
}

/** How garbage is collected. */
export interface CollectOptions extends DeletionOptions {
  /** What is to go unless somebody needs it; with a tag in the reference, digests that it held earlier. */
  readonly digests?: readonly Digest[] | undefined;
  /**
   * Also take what no tag holds and was uploaded longer ago than this, in milliseconds, where the registry lists such
   * manifests (Google's do). @default never: somebody may run it by digest
   */
  readonly untaggedOlderThanMs?: number | undefined;
}

/** Removals and collections of all repositories: what they learn, and their work where one run serves several. */
export class Deletions {
  readonly #context: DeletionContext;
  readonly #capabilities = new Capabilities();
  readonly #indexes = new Map<string, RepositoryIndex>();
  readonly #collections = new Batches<CollectionOrder, Collected>();

  constructor(context: DeletionContext) {
    this.#context = context;
  }

  /** Compare, untag, mark, sweep. @throws what keeps the tag from being removed; the collection only reports. */
  async remove(repository: Repository, tag: string | undefined, options: RemoveOptions): Promise<RemovalReport> {
    const { signal } = options;
    const expected = options.expectDigest ?? (await this.#heldBy(repository, tag, signal));
    if (expected === undefined) return { ...nothing, untagged: true, absent: true };
    try {
      return await this.#removeImage(repository, tag, expected, options);
    } catch (error) {
      if (signal?.aborted !== true || options.dryRun === true) throw error;
      throw interrupted(repository.name, expected, signal.reason);
    }
  }

  async #removeImage(
    repository: Repository,
    tag: string | undefined,
    expected: Digest,
    options: RemoveOptions,
  ): Promise<RemovalReport> {
    const { previous = [], keepDigests = [], policy = "delete", signal } = options;
    // First, so that who gives the repository back after his tag can join a collection that is about to begin.
    const released = await this.#release(repository, tag, previous, options);
    const removal = tag === undefined ? gone : await this.#removeTag(repository, tag, expected, options);
    if (removal.repositoryDeleted === true) {
      const manifests = [...(await this.#manifestsBelow(repository, expected, signal))];
      return { ...nothing, untagged: true, absent: false, manifests };
    }
    const earlier = previous.filter((digest) => digest !== expected);
    const tags = tag === undefined ? [] : [[tag, expected] as const, ...retentionTags(tag, previous)];
    // A new owner of the tag starts with no earlier digests: these are still to be collected, the image is his.
    const order = removal.claimed
      ? { digests: earlier, keepDigests: [expected, ...keepDigests], tags }
      : { digests: [expected, ...earlier], keepDigests, tags };
    const nothingToDo = policy === "untag" || order.digests.length === 0;
    const report = nothingToDo ? nothing : await this.#collectAll(repository, order, options);
    const kept = removal.kept ? [removal.kept] : [];
    return {
      ...report,
      untagged: removal.untagged,
      absent: removal.absent,
      tags: [...released.tags, ...report.tags],
      kept: [...kept, ...report.kept],
      skipped: [...released.skipped, ...report.skipped],
    };
  }

  /** Collects the given digests; of a whole repository also what interrupted removals have left. Only reports. */
  async collect(repository: Repository, tag: string | undefined, options: CollectOptions): Promise<CollectionReport> {
    const { digests = [], keepDigests = [], policy = "delete" } = options;
    const released =
      tag === undefined
        ? await this.#finish(repository, options)
        : await this.#release(repository, tag, digests, options);
    const untagged = await findUntagged(repository, options);
    const order = {
      digests: [...digests, ...untagged.digests],
      keepDigests,
      tags: tag === undefined ? [] : retentionTags(tag, digests),
    };
    const nothingToDo = policy === "untag" || order.digests.length === 0;
    const report = nothingToDo ? nothing : await this.#collectAll(repository, order, options);
    const skipped = [...released.skipped, ...untagged.skipped, ...report.skipped];
    return { ...report, tags: [...released.tags, ...report.tags], skipped };
  }

  async #heldBy(
    repository: Repository,
    tag: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Digest | undefined> {
    return tag === undefined ? undefined : (await currentOf(repository, tag, signal))?.digest;
  }

  async #removeTag(
    repository: Repository,
    tag: string,
    expectDigest: Digest,
    options: RemoveOptions,
  ): Promise<Removal> {
    const { since, dryRun, policy, keepDigests = [], signal } = options;
    const contentStays = policy === "untag" || keepDigests.includes(expectDigest);
    const capability = this.#capabilities.of(repository.name);
    if (dryRun === true) {
      const held = await this.#heldBy(repository, tag, signal);
      if (held === undefined) return gone;
      if (held === expectDigest) {
        await checkUntag(repository, tag, { capability, contentStays, signal });
        return { ...gone, absent: false };
      }
      return {
        ...gone,
        untagged: false,
        absent: false,
        kept: { digest: held, by: `the tag ${tag} holds it, not ${expectDigest}` },
      };
    }
    const contents = async (): Promise<ReadonlySet<Digest>> =>
      await this.#manifestsBelow(repository, expectDigest, signal);
    return await this.#alone(repository, signal, async () => {
      // What goes with its last tag cannot be read afterwards, and names what is to be collected.
      if (repository.vendor.traits.lastTagTakesImage && !contentStays) await contents();
      return await removeTag(repository, tag, this.#context.claims, {
        expectDigest,
        since,
        capability,
        contentStays,
        contents: contentStays || keepDigests.length > 0 ? undefined : contents,
        signal,
      });
    });
  }

  async #manifestsBelow(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlySet<Digest>> {
    const { manifests } = await readCandidates(repository, this.#indexOf(repository.name), [digest], signal);
    return new Set(manifests.keys());
  }

  /** Takes the retention tags of earlier digests away. Their failure is no failure of what the user asked for. */
  async #release(
    repository: Repository,
    tag: string | undefined,
    digests: readonly Digest[],
    options: DeletionOptions,
  ): Promise<Released> {
    const { signal } = options;
    const tags: string[] = [];
    const skipped: Skipped[] = [];
    if (tag === undefined) return { tags, skipped };
    for (const [held, digest] of retentionTags(tag, digests)) {
      try {
        // What it holds is compared where it is removed, which also knows a stand-in that a killed removal has left.
        if ((await this.#heldBy(repository, held, signal)) === undefined) continue;
        const since = Number.POSITIVE_INFINITY;
        const removal = await this.#removeTag(repository, held, digest, { ...options, since });
        if (removal.untagged) tags.push(held);
      } catch (error) {
        signal?.throwIfAborted();
        skipped.push({ what: `tag ${held}`, why: toImagesyncError(error, "delete tag").message });
      }
    }
    return { tags, skipped };
  }

  async #finish(repository: Repository, { dryRun, signal }: DeletionOptions): Promise<Released> {
    try {
      return await this.#alone(repository, signal, async () => {
        const index = this.#indexOf(repository.name);
        const mark = await new Marker(repository, index).mark({
          keepDigests: [],
          knownTags: [],
          candidates: [],
          signal,
        });
        const capable = { capability: this.#capabilities.of(repository.name), signal };
        const leftovers = await findLeftovers(repository, index, mark, capable);
        if (dryRun === true) return { tags: [...leftovers.standIns.keys(), ...leftovers.hollow], skipped: [] };
        return await finishLeftovers(repository, leftovers, capable);
      });
    } catch (error) {
      signal?.throwIfAborted();
      return { tags: [], skipped: [{ what: "collection", why: toImagesyncError(error, "mark").message }] };
    }
  }

  /** With what belongs to the images, where that is wanted. */
  async #collectAll(
    repository: Repository,
    order: CollectionOrder,
    options: DeletionOptions,
  ): Promise<CollectionReport> {
    const { referrers = false, dryRun = false, keepDigests = [], signal } = options;
    const wanted = { ...order, attached: referrers };
    const { attached, ...report } = await this.#collect(repository, wanted, { dryRun, signal });
    if (!referrers) return report;
    const released = [...order.tags];
    return await removeAttached(
      { ...report, attached },
      {
        isThere: async (digest) => !dryRun && (await repository.manifests.find(digest, { signal })) !== undefined,
        untag: async (tag, digest) => {
          const since = Number.POSITIVE_INFINITY;
          return (await this.#removeTag(repository, tag, digest, { ...options, since })).untagged;
        },
        collect: async (gone) => {
          const tags = gone.flatMap(({ tag, digest }) => (tag === undefined ? [] : [[tag, digest] as const]));
          const digests = gone.map(({ digest }) => digest);
          // A dry run counts them all as gone.
          released.push(...tags);
          return await this.#collect(
            repository,
            { digests, keepDigests, tags: released, attached: true },
            { dryRun, signal },
          );
        },
        signal,
      },
    );
  }

  /** Joins collections of one repository that wait for it at the same time: one mark serves them all. */
  async #collect(
    repository: Repository,
    order: CollectionOrder,
    { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<Collected> {
    const collection = (signal: AbortSignal | undefined): CollectionOptions => ({
      index: this.#indexOf(repository.name),
      capability: this.#capabilities.of(repository.name),
      knownTags: this.#context.claims.tagsOf(repository.name),
      dryRun,
      signal,
    });
    if (dryRun) {
      const [report = { ...nothing, attached: [] }] = await collect(repository, [order], {
        ...collection(signal),
        without: new Map(order.tags),
      });
      return report;
    }
    return await this.#collections.join(
      repositoryKey(repository.name),
      order,
      (take, signal) =>
        this.#alone(repository, signal, async () => {
          // Who had the repository before this, and gave it back just now, has not come to order yet.
          await nextTurn();
          return await collect(repository, take(), collection(signal));
        }),
      signal,
    );
  }

  async #alone<T>(repository: Repository, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { repositoryLock, known } = this.#context;
    const forgetful = async (): Promise<T> => {
      try {
        return await work();
      } finally {
        // What was there must be asked for anew: some registries delete the content with its last tag.
        known.forgetRepository(repository.name);
      }
    };
    const working = repositoryLock.exclusive(repositoryKey(repository.name), forgetful, signal);
    // Who stops is let go. What he has sent may arrive after that, so nobody else comes in before it is answered.
    return await untilStopped(working, signal);
  }

  #indexOf(name: RepositoryName): RepositoryIndex {
    const key = repositoryKey(name);
    const index = this.#indexes.get(key) ?? new RepositoryIndex(this.#context.cache);
    this.#indexes.set(key, index);
    return index;
  }
}

interface Released {
  readonly tags: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** Names the image, as its tag may be gone and nothing else leads to what is left of it. */
function interrupted({ registry, repository }: RepositoryName, digest: Digest, cause: unknown): ImagesyncError {
  const reference = `${registry}/${repository}@${digest}`;
  return new ImagesyncError({
    code: stopped("delete tag", cause).code,
    operation: "delete tag",
    side: "destination",
    registry,
    reference,
    message: `Stopped while ${reference} was deleted: part of it may be left`,
    cause,
  });
}

function retentionTags(tag: string, digests: readonly Digest[]): (readonly [string, Digest])[] {
  return digests.map((digest) => [retentionTag(tag, digest), digest] as const);
}
