import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type ErrorCode, ImagesyncError, isNotFound, toImagesyncError } from "../errors.ts";
import type { Capability } from "../graph/capabilities.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { ManifestHead } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import type { Deletion } from "../registry/repository-requests.ts";
import { prepareStandIn, removeStandIn, replaceAndDelete } from "./stand-in.ts";

export interface UntagOptions {
  /** What the registry is known to do; what is learnt is written to it. */
  readonly capability: Capability;
  /** The content must not go with its last tag, as it does at some registries. @default false */
  readonly contentStays?: boolean | undefined;
  /**
   * The manifests that would be deleted after the tag: where a registry does not part from its last image, its
   * repository is deleted if it has nothing else. Absent when they are to stay.
   */
  readonly contents?: (() => Promise<ReadonlySet<Digest>>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a tag: it is gone, with its whole repository maybe, it was not there before, or it holds something else, and still does. */
export type Untagged =
  | { readonly outcome: "deleted" | "absent" | "repository-deleted" }
  | { readonly outcome: "held"; readonly digest: Digest };

const deleted: Untagged = { outcome: "deleted" };
const absent: Untagged = { outcome: "absent" };

/** Each begins with a new comparison: nothing that deletes is sent twice on one. */
const maxAttempts = 4;
const pauseMs = 100;

/**
 * What deletes is not stopped by the user's signal once it is sent: it would arrive all the same, when a copy may have
 * put the tag again.
 */
const sent = (): AbortSignal => AbortSignal.timeout(60_000);

/** Failures that pass. */
const transient: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout", "rate-limited"]);

/**
 * How a stand-in is refused whose content somebody has collected, or is just bringing: distribution 2.8 reads the empty
 * file that another process has opened for writing.
 */
const notReady: ReadonlySet<string> = new Set(["MANIFEST_BLOB_UNKNOWN", "DIGEST_INVALID"]);

/**
 * Removes one tag and nothing else, if it holds what is expected: other tags of the same digest stay. The registry's
 * own way goes first, then the DELETE of the specification, then a stand-in.
 * @throws `unsupported` when the registry deletes nothing at all; then nothing was changed.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
 */
export async function untag(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: UntagOptions,
): Promise<Untagged> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await untagOnce(repository, tag, expected, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      const { code, registryCode } = toImagesyncError(error, "delete tag");
      const unprepared = options.capability.standInReady === true && notReady.has(registryCode ?? "");
      if (unprepared) options.capability.standInReady = false;
      if (!(transient.has(code) || unprepared) || attempt >= maxAttempts) throw error;
      await pause(pauseMs * attempt, undefined, { signal: options.signal });
    }
  }
}

async function untagOnce(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: UntagOptions,
): Promise<Untagged> {
  const { capability, signal } = options;
  const { vendor } = repository;
  const { byVendor, byTag } = waysOf(repository, options);
  // A stand-in compares again where it is put; what it needs is brought only for a tag that will go.
  if (byVendor || byTag || capability.standInReady !== true) {
    // Between this comparison and the next request nothing else may stand.
    const current = await currentOf(repository, tag, signal);
    signal?.throwIfAborted();
    if (!current) return absent;
    if (current.digest !== expected) return await unlessStandIn(repository, tag, current.digest, expected, signal);
    if (byVendor && (await vendor.deleteTag(tag, { digest: expected, signal: sent() })) !== "unavailable")
      return deleted;
  }
  if (byTag) {
    const answer = await repository.manifests.delete(tag, { signal: sent() });
    if (answer.status < 300) {
      capability.deletesByTag = true;
      return deleted;
    }
    if (!isGone(answer) && !isUnsupported(answer)) throw answer.error;
    // Registries without this way say 404 too: who believes them calls a tag gone that is there.
    const left = isGone(answer) ? ((await currentOf(repository, tag, signal))?.digest ?? "none") : expected;
    if (left === "none") return deleted;
    if (left !== expected) return await unlessStandIn(repository, tag, left, expected, signal);
    capability.deletesByTag = false;
    if (await vendor.recognise(answer.error, { signal })) return await untagOnce(repository, tag, expected, options);
  }
  await checkDeletesWork(repository, tag, capability, signal);
  try {
    return await untagByStandIn(repository, tag, expected, options);
  } catch (error) {
    if (isNotFound(error)) return absent;
    throw error;
  }
}

/**
 * What a dry run can ask: whether the registry would take a tag away. What it deletes for that has a name that nothing
 * can have.
 * @throws as {@link untag} would.
 */
export async function checkUntag(
  repository: Repository,
  tag: string,
  options: Pick<UntagOptions, "capability" | "contentStays" | "signal">,
): Promise<void> {
  const { capability, signal } = options;
  const { byVendor, byTag } = waysOf(repository, options);
  if (byVendor) await repository.vendor.checkDeleteTag();
  if (byVendor || capability.deletesByTag === true) return;
  try {
    await checkDeletesWork(repository, tag, capability, signal);
  } catch (error) {
    const refused = error instanceof ImagesyncError && error.code === "unsupported";
    if (!refused || !byTag) throw error;
    // Deletes tags alone, maybe.
    const answer = await repository.manifests.delete(`imagesync-absent-${randomBytes(8).toString("hex")}`, { signal });
    if (answer.status >= 300 && !isGone(answer)) throw error;
  }
}

/** Which ways there are, as far as it is known, before the one that every registry has that deletes at all. */
function waysOf(
  { vendor }: Repository,
  { capability, contentStays = false }: Pick<UntagOptions, "capability" | "contentStays">,
): { readonly byVendor: boolean; readonly byTag: boolean } {
  const { traits } = vendor;
  return {
    byVendor: vendor.deletesTags && !(contentStays && traits.lastTagTakesImage),
    byTag: capability.deletesByTag !== false && traits.deletesByTag !== false && !traits.lastTagTakesImage,
  };
}

async function untagByStandIn(
  repository: Repository,
  tag: string,
  expected: Digest,
  options: UntagOptions,
): Promise<Untagged> {
  const { capability, contents, signal } = options;
  try {
    await repository.vendor.checkStandIn(tag, { signal });
  } catch (error) {
    const isLast = error instanceof ImagesyncError && error.code === "unsupported" && contents !== undefined;
    if (isLast && (await deleteRepository(repository, tag, expected, await contents(), signal))) {
      return { outcome: "repository-deleted" };
    }
    throw error;
  }
  if (capability.standInReady !== true) await prepareStandIn(repository, { signal });
  capability.standInReady = true;
  const found = await replaceAndDelete(repository, tag, expected, { signal });
  return found === undefined ? deleted : await unlessStandIn(repository, tag, found, expected, signal);
}

/** @returns whether the repository is gone, the tag with it. */
async function deleteRepository(
  repository: Repository,
  tag: string,
  expected: Digest,
  contents: ReadonlySet<Digest>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if ((await currentOf(repository, tag, signal))?.digest !== expected) return false;
  const outcome = await repository.vendor.deleteRepository(contents, { onlyTag: tag, signal });
  return outcome === "deleted" || outcome === "absent";
}

/**
 * What a tag holds; undefined when there is none. Absence is asked for twice here, as a tag that is wrongly believed to
 * be gone would be left behind for ever.
 */
export async function currentOf(
  repository: Repository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<ManifestHead | undefined> {
  try {
    return await repository.manifests.head(tag, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Somebody else's image stays; what an interrupted removal of this tag has left is taken away. */
async function unlessStandIn(
  repository: Repository,
  tag: string,
  found: Digest,
  expected: Digest,
  signal: AbortSignal | undefined,
): Promise<Untagged> {
  const removed = await removeStandIn(repository, tag, found, { expected, signal });
  return removed ? deleted : { outcome: "held", digest: found };
}

/** Asks for the delete of a digest that cannot exist: a registry that deletes says that it does not have it. */
export async function checkDeletesWork(
  repository: Repository,
  tag: string,
  capability: Capability,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (capability.deletesByDigest === true) return;
  const answer = await repository.manifests.delete(digestOf(randomBytes(32)), { signal });
  if (answer.status < 300 || isGone(answer)) {
    capability.deletesByDigest = true;
    return;
  }
  if (!isUnsupported(answer)) throw answer.error;
  const { registry } = repository.name;
  throw new ImagesyncError({
    code: "unsupported",
    operation: "delete tag",
    side: "destination",
    registry,
    status: answer.status,
    message: `Cannot delete tag ${registry}/${repository.name.repository}:${tag}: the registry does not allow deletes (status ${answer.status})`,
    hint: "Enable deletes at the registry (distribution: storage.delete.enabled), or delete the tag there by hand",
    cause: answer.error,
  });
}

/** Every 404-class answer; zot says 400 NAME_UNKNOWN for a repository that it does not have. */
function isGone({ status, error }: Deletion): boolean {
  return status === 404 || status === 410 || (status === 400 && error !== undefined && isNotFound(error));
}

/** Whatever a registry means by these, it has not deleted: distribution 2.8 takes a tag for a malformed digest. */
function isUnsupported({ status }: Deletion): boolean {
  return status === 400 || status === 405 || status === 501;
}
