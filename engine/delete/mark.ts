import { Slots } from "../concurrency/slots.ts";
import { ImagesyncError, isNotFound } from "../errors.ts";
import type { Node, RepositoryIndex } from "../graph/repository-index.ts";
import { parseAttachmentTag } from "../oci/attachment-tag.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";

/** Everything in a repository that somebody can still reach. */
export interface Mark {
  /** Manifests and blobs → who needs them, for people. */
  readonly reachable: ReadonlyMap<Digest, string>;
  /** Tag → what it holds. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** Tags that are listed although nothing is behind them: distribution leaves them when a delete is interrupted. */
  readonly hollow: readonly string[];
  /** Candidate → what the registry lists as referring to it. */
  readonly attached: ReadonlyMap<Digest, readonly Digest[]>;
  /** How many manifests this mark has read, as none before had. */
  readonly read: number;
}

export interface MarkOptions {
  readonly keepDigests: readonly Digest[];
  /** Tags that this process has put: a listing without them would be an old one. */
  readonly knownTags: readonly string[];
  /** Tags that count as gone while they hold this: what a dry run would take away. */
  readonly without?: ReadonlyMap<string, Digest> | undefined;
  /** What is about to be deleted: what refers to it stays whole. */
  readonly candidates: readonly Digest[];
  readonly signal?: AbortSignal | undefined;
}

/** Requests of one mark at the same time; the connections of the host have a limit of their own. */
const parallel = 64;

/** From a tag down through indexes and up through referrers: a longer way somebody makes up while it is walked. */
const maxSteps = 256;

/** Marks that somebody else's change has met, before that is a doubt. */
const maxAttempts = 4;

/** Work of one mark: where it starts, and whose it is. */
interface Visit {
  readonly digest: Digest;
  readonly by: string;
  /** An error at a root is a doubt about everything; what a root only names may be missing. */
  readonly root: boolean;
  /** The manifest that an attachment tag is named after: to be listed beside it does not keep it. */
  readonly attachedTo?: Digest | undefined;
}

interface Walk {
  readonly visited: Set<Digest>;
  readonly reachable: Map<Digest, string>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Marks a repository, as often as is asked, always anew: what tags hold can change at any time, what manifests say
 * cannot. A mark is complete or it fails: whoever deletes by an incomplete one harms somebody.
 */
export class Marker {
  readonly #repository: Repository;
  readonly #index: RepositoryIndex;
  /** Names that earlier marks of this collection have seen: pages can shift while they are listed. */
  readonly #seen = new Set<string>();

  constructor(repository: Repository, index: RepositoryIndex) {
    this.#repository = repository;
    this.#index = index;
  }

  /** @throws ImagesyncError that says which tag, manifest or listing leaves a doubt. */
  async mark(options: MarkOptions): Promise<Mark> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#markOnce(options);
      } catch (error) {
        // Who deletes or moves a tag while it is read is no doubt: the next look shows what it holds now.
        if (!(error instanceof ImagesyncError) || error.code !== "conflict" || attempt >= maxAttempts) throw error;
      }
    }
  }

  async #markOnce(options: MarkOptions): Promise<Mark> {
    const listed = await this.#list(options.signal);
    for (const tag of [...listed, ...options.knownTags]) this.#seen.add(tag);
    const tags = new Map<string, Digest>();
    const hollow: string[] = [];
    const names = [...this.#seen].sort();
    await inParallel(names, options.signal, async (tag, signal) => {
      const digest = await this.#resolve(tag, signal);
      if (digest !== undefined) tags.set(tag, digest);
      else if (listed.has(tag)) hollow.push(tag);
      else this.#seen.delete(tag);
    });
    const known = this.#index.size;
    const attached = new Map<Digest, readonly Digest[]>();
    const reachable = await this.#reach(tags, attached, options);
    return { reachable, tags, attached, hollow: hollow.sort(), read: this.#index.size - known };
  }

  /** A repository without any tag may be unknown to its registry; only this code says that and nothing else. */
  async #list(signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
    try {
      return new Set(await this.#repository.tags.list({ signal, complete: true }));
    } catch (error) {
      if (isNotFound(error) && error instanceof ImagesyncError && error.registryCode === "NAME_UNKNOWN")
        return new Set();
      throw error;
    }
  }

  async #resolve(tag: string, signal: AbortSignal | undefined): Promise<Digest | undefined> {
    try {
      return (await this.#repository.manifests.head(tag, { signal })).digest;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #reach(
    tags: ReadonlyMap<string, Digest>,
    listed: Map<Digest, readonly Digest[]>,
    options: MarkOptions,
  ): Promise<ReadonlyMap<Digest, string>> {
    const ordinary: Visit[] = [];
    const attached: Visit[] = [];
    for (const [tag, digest] of [...tags].sort(byName)) {
      if (options.without?.get(tag) === digest) continue;
      const attachedTo = parseAttachmentTag(tag)?.subject;
      // A tag of that form that holds its own subject is an image under an odd name, or GitLab's way to show a digest.
      if (attachedTo === undefined || attachedTo === digest) ordinary.push({ digest, by: `tag ${tag}`, root: true });
      else attached.push({ digest, by: `tag ${tag}`, root: true, attachedTo });
    }
    const named = options.keepDigests.map((digest) => ({ digest, by: "keep_digests", root: false }));
    const walk: Walk = { visited: new Set(), reachable: new Map(), signal: options.signal };
    // Who keeps what it refers to goes first, who is only attached to it last.
    await this.#visit(ordinary, walk);
    await this.#visit(named, walk);
    await this.#visit(attached, walk);
    await this.#visit(await this.#attachedToCandidates(listed, options), walk);
    // A layer can be named as well: what is named stays also where no manifest is to be read.
    for (const { digest, by } of named) if (!walk.reachable.has(digest)) walk.reachable.set(digest, by);
    return walk.reachable;
  }

  /** Breadth first, so that what is kept is kept for the nearest reason. */
  async #visit(from: readonly Visit[], { visited, reachable, signal }: Walk): Promise<void> {
    let level = from;
    for (let steps = 0; level.length > 0; steps += 1) {
      if (steps > maxSteps) throw endless(level, this.#repository);
      const fresh = level.filter(({ digest }) => !visited.has(digest) && visited.add(digest));
      const found = await inParallel(fresh, signal, async (visit, signal) => ({
        visit,
        node: await this.#index.node(this.#repository, visit.digest, signal),
        referrers: await this.#index.referrers(this.#repository, visit.digest, signal),
      }));
      level = found.flatMap(({ visit, node, referrers }) => {
        if (!node && visit.root) throw gone(visit, this.#repository);
        if (!node) return [];
        for (const digest of [node.digest, ...node.blobs.keys()]) {
          if (!reachable.has(digest)) reachable.set(digest, visit.by);
        }
        return next(node, visit, referrers);
      });
    }
  }

  /**
   * What refers to the images that are about to go and has no tag of its own. It does not keep them: a signature does
   * not need the image that it signs; but its own content stays whole.
   */
  async #attachedToCandidates(
    listed: Map<Digest, readonly Digest[]>,
    { candidates, signal }: MarkOptions,
  ): Promise<Visit[]> {
    const own = new Set(candidates);
    const found = await inParallel(candidates, signal, async (subject, signal) => {
      const referrers = await this.#index.referrers(this.#repository, subject, signal);
      if (referrers.length > 0) listed.set(subject, referrers);
      return referrers.map((digest) => ({
        digest,
        by: `a referrer of ${subject}`,
        root: false,
        attachedTo: subject,
      }));
    });
    return found.flat().filter(({ digest }) => !own.has(digest));
  }
}

/** Where a visited manifest leads. */
function next(node: Node, visit: Visit, referrers: readonly Digest[]): Visit[] {
  const { attachedTo } = visit;
  const children = node.children.map((digest) => ({ digest, by: visit.by, root: false, attachedTo }));
  const attached = referrers.map((digest) => ({ digest, by: `a referrer of ${node.digest}`, root: false, attachedTo }));
  const { subject } = node;
  if (subject === undefined || subject === attachedTo) return [...children, ...attached];
  return [...children, ...attached, { digest: subject, by: `a referrer with ${visit.by}`, root: false, attachedTo }];
}

function gone({ digest, by }: Visit, { name }: Repository): ImagesyncError {
  return new ImagesyncError({
    code: "conflict",
    operation: "mark what is in use",
    message: `Cannot read ${name.registry}/${name.repository}@${digest}: ${by} holds it, and it is not there`,
    registry: name.registry,
  });
}

function endless([visit]: readonly Visit[], { name }: Repository): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: "mark what is in use",
    message: `Cannot find all that ${visit?.by ?? "a tag"} needs in ${name.registry}/${name.repository}: it is more than ${maxSteps} manifests deep`,
    registry: name.registry,
  });
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The first failure decides: the others, thousands maybe, are told to stop and waited for. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const slots = new Slots(parallel);
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const done = await Promise.allSettled(
    items.map(async (item) => {
      const release = await slots.acquire(either);
      try {
        return await work(item, either);
      } catch (error) {
        stop.abort(error);
        throw error;
      } finally {
        release();
      }
    }),
  );
  signal?.throwIfAborted();
  stop.signal.throwIfAborted();
  return done.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
