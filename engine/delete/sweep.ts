import { randomBytes } from "node:crypto";
import { type ErrorCode, type ImagesyncError, toImagesyncError } from "../errors.ts";
import type { Capability } from "../graph/capabilities.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import { below, type Candidates } from "./candidates.ts";
import type { Mark } from "./mark.ts";

/** What became of the candidates. */
export interface Swept {
  readonly manifests: ReadonlySet<Digest>;
  readonly blobs: ReadonlySet<Digest>;
  /** Gone before we came. */
  readonly absent: ReadonlySet<Digest>;
  /** Candidate → who needs it. */
  readonly kept: ReadonlyMap<Digest, string>;
  /** Candidate → why it could not be deleted. */
  readonly skipped: ReadonlyMap<Digest, string>;
  /** Candidates of a kind that this registry does not delete for anybody. */
  readonly unsupported: ReadonlySet<Digest>;
  /** Why nothing more was deleted: a mark that left a doubt. */
  readonly doubt?: string | undefined;
}

export interface SweepOptions {
  /** What the registry is known to delete; what is learnt is written to it. */
  readonly capability: Capability;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How many deletes one mark allows: they are sent at once, so that what somebody else pushes after the mark meets as
 * few of them as can be. It bounds the only time in which this sweep can harm.
 */
const deletesPerMark = 32;

/**
 * Deletes what nobody needs of the candidates: parents before children, blobs last, so that whatever stops it leaves
 * nothing that can be found and is not whole. Right before each step everything is marked anew. What somebody needs is
 * kept with all below it, and what the registry does not delete keeps what is below it too.
 * @param mark What is in use now, asked anew at each call. Where it fails the sweep ends, and keeps the rest.
 */
export async function sweep(
  repository: Repository,
  candidates: Candidates,
  mark: () => Promise<Mark>,
  { capability, dryRun, signal }: SweepOptions,
): Promise<Swept> {
  const { traits } = repository.vendor;
  // Where the registry frees what no manifest needs any more, it does that better than we can.
  if (traits.ownsGarbage || traits.deletesBlobs === false) capability.deletesBlobs = false;
  if (dryRun) await learn(repository, candidates, { capability, signal });
  const state = new Sweep(candidates, capability);
  for (const kind of ["manifests", "blobs"] as const) {
    for (;;) {
      if (state.ready(kind).length === 0) break;
      try {
        state.keep((dryRun ? await mark() : await quick(mark)).reachable);
      } catch (error) {
        signal?.throwIfAborted();
        state.doubt = toImagesyncError(error, "mark what is in use").message;
        return state;
      }
      signal?.throwIfAborted();
      const step = state.ready(kind).slice(0, dryRun ? Infinity : deletesPerMark);
      if (dryRun) for (const digest of step) state[kind].add(digest);
      else await Promise.all(step.map((digest) => deleteOne(repository, kind, digest, state)));
      signal?.throwIfAborted();
    }
  }
  return state;
}

/**
 * A mark that had to read manifests took long, and what it saw first may be old: it is repeated until it knew them all,
 * so that the time between the first look and the deletes is that of a list and a HEAD for each tag.
 */
async function quick(mark: () => Promise<Mark>): Promise<Mark> {
  for (let attempt = 1; ; attempt += 1) {
    const marked = await mark();
    if (marked.read === 0 || attempt >= maxMarks) return marked;
  }
}

/** Where manifests arrive all the time, one more mark would not be quicker either. */
const maxMarks = 3;

/** Asks, where it is not known, whether the registry deletes: what it shall delete has a name that nothing can have. */
async function learn(
  repository: Repository,
  candidates: Candidates,
  { capability, signal }: Omit<SweepOptions, "dryRun">,
): Promise<void> {
  // Whoever has an API of their own for this deletes.
  if (repository.vendor.deletesTags) return;
  for (const kind of ["manifests", "blobs"] as const) {
    if (candidates[kind].size === 0 || capability[supports[kind]] !== undefined) continue;
    try {
      const { status, error } = await repository[kind].delete(digestOf(randomBytes(32)), { signal });
      if (isUnsupported(status, error)) capability[supports[kind]] = false;
    } catch {
      // What keeps it from answering is met again, and told, where it matters.
      signal?.throwIfAborted();
    }
  }
}

type Kind = "manifests" | "blobs";

const supports = { manifests: "deletesByDigest", blobs: "deletesBlobs" } as const;

/** Of one delete. */
const maxAttempts = 3;

/** Of one delete and the look after it; the repository is closed to copies for as long. */
const deleteDeadlineMs = 60_000;

const transient: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout", "rate-limited"]);

/** Which candidates are gone, and which stay. */
class Sweep implements Swept {
  readonly manifests: Set<Digest> = new Set();
  readonly blobs: Set<Digest> = new Set();
  readonly kept: Map<Digest, string> = new Map();
  readonly skipped: Map<Digest, string> = new Map();
  readonly unsupported: Set<Digest> = new Set();
  doubt: string | undefined;
  readonly absent: Set<Digest> = new Set();
  readonly #candidates: Candidates;
  readonly #capability: Capability;
  readonly #failures = new Map<Digest, number>();

  constructor(candidates: Candidates, capability: Capability) {
    this.#candidates = candidates;
    this.#capability = capability;
    if (capability.deletesByDigest === false) this.refuse("manifests");
    if (capability.deletesBlobs === false) this.refuse("blobs");
  }

  keep(reachable: ReadonlyMap<Digest, string>): void {
    for (const digest of [...this.#candidates.manifests.keys(), ...this.#candidates.blobs.keys()]) {
      const by = reachable.get(digest);
      if (by !== undefined && !this.manifests.has(digest) && !this.blobs.has(digest)) this.kept.set(digest, by);
    }
  }

  /** What can go next: nobody needs it, and no candidate that stays or has still to go stands above it. */
  ready(kind: Kind): Digest[] {
    const all = kind === "manifests" ? this.#candidates.manifests : this.#candidates.blobs;
    if (this.#capability[supports[kind]] === false) return [];
    const blocked = new Set<Digest>();
    for (const node of this.#candidates.manifests.values()) {
      if (this.#gone(node.digest)) continue;
      for (const digest of [...node.children, ...node.blobs.keys()]) if (digest !== node.digest) blocked.add(digest);
    }
    return [...all.keys()].filter(
      (digest) => !this.#gone(digest) && !this.kept.has(digest) && !this.skipped.has(digest) && !blocked.has(digest),
    );
  }

  delete(kind: Kind, digest: Digest): void {
    this.#capability[supports[kind]] = true;
    this[kind].add(digest);
  }

  /** Something that passes is tried again, after another mark, but not for ever. */
  fail(digest: Digest, error: ImagesyncError): void {
    const failures = (this.#failures.get(digest) ?? 0) + 1;
    this.#failures.set(digest, failures);
    if (!transient.has(error.code) || failures >= maxAttempts) this.skipped.set(digest, error.message);
  }

  /** The registry deletes none of this kind: what is left of it is its own collector's. */
  refuse(kind: Kind): void {
    this.#capability[supports[kind]] = false;
    const all = kind === "manifests" ? this.#candidates.manifests : this.#candidates.blobs;
    const left = [...all.keys()].filter((digest) => !this.#gone(digest) && !this.kept.has(digest));
    for (const digest of kind === "manifests" ? below(this.#candidates, left) : left) this.unsupported.add(digest);
  }

  #gone(digest: Digest): boolean {
    return this.manifests.has(digest) || this.blobs.has(digest) || this.absent.has(digest);
  }
}

/** Not to be stopped: a delete that is under way must not meet what comes into the repository after it. */
async function deleteOne(repository: Repository, kind: Kind, digest: Digest, state: Sweep): Promise<void> {
  try {
    const signal = AbortSignal.timeout(deleteDeadlineMs);
    const { status, error } = await repository[kind].delete(digest, { signal });
    if (status < 300) state.delete(kind, digest);
    else if (status === 404 || status === 410) state.absent.add(digest);
    else if (isUnsupported(status, error)) state.refuse(kind);
    else if (await isGone(repository, kind, digest, signal)) state.delete(kind, digest);
    else state.fail(digest, toImagesyncError(error, "delete"));
  } catch (error) {
    state.fail(digest, toImagesyncError(error, "delete"));
  }
}

/**
 * Many registries delete no blobs, some no manifests: that is their way and no failure. DENIED is about the one thing:
 * zot says so of what it finds in use.
 */
function isUnsupported(status: number, error: ImagesyncError | undefined): boolean {
  if (error?.registryCode === "DENIED") return false;
  return status === 405 || status === 501 || (status === 400 && error?.registryCode === "UNSUPPORTED");
}

/** Docker Hub answers 500 and finishes later; distribution answers 500 after the manifest itself is gone. */
async function isGone(repository: Repository, kind: Kind, digest: Digest, signal: AbortSignal): Promise<boolean> {
  if (kind === "blobs") return !(await repository.blobs.has(digest, { signal }));
  return (await repository.manifests.find(digest, { signal })) === undefined;
}
