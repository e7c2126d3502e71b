import { isNotFound } from "../errors.ts";
import { type Depth, findMissing, type Missing } from "../graph/completeness.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import { readTree, type Weight, weightOf } from "../graph/walk.ts";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { parsePlatform, type Platform } from "../oci/platform.ts";
import { manifestKey, type Reference } from "../oci/reference.ts";
import type { ManifestHead } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import { platformsOf, requirePlatforms, selectPlatforms } from "./platforms.ts";

/** One image to be at a destination. */
export interface CopyQuestion {
  readonly source: Repository;
  readonly sourceReference: Reference;
  readonly destination: Repository;
  readonly destinationReference: Reference;
  /** What the copy will have, if that is known: an image in place is then recognised without asking the source. */
  readonly expectedDigest?: Digest | undefined;
  /** Only these platforms; empty for the whole image as it is. */
  readonly platforms: readonly Platform[];
  /** Platforms the source must offer, or nothing is written. */
  readonly requiredPlatforms: readonly Platform[];
  /** What the destination's tag holds, for who knows cheaper than by asking for it. @default it is asked for */
  readonly findCurrent?: ((options: ReadOptions) => Promise<ManifestHead | undefined>) | undefined;
  /** How deep an image that is in place is examined. */
  readonly depth: Depth;
  /** Whether a tag that holds something else may be moved; not asked where there is nothing to replace. @default yes */
  readonly judge?: ((replacement: Replacement) => Promise<Refusal | undefined>) | undefined;
}

/** A tag of the destination that would be moved. */
export interface Replacement {
  readonly currentDigest: Digest;
  /** What the tag would hold. */
  readonly digest: Digest;
  /** The manifest that would be put there, read when it is asked for. */
  readonly read: () => Promise<Manifest>;
}

/** Why a tag stays what it is: that is fine (`skip`), or not (`conflict`). */
export interface Refusal {
  readonly action: "skip" | "conflict";
  readonly reason: string;
}

export interface CopyDecision {
  /** `repair`: the manifest is there, but content below it is missing. `tag`: the image is there, the tag is not. */
  readonly action: "copy" | "repair" | "tag" | Refusal["action"];
  /** Why, for people. */
  readonly reason: string;
  /** The top manifest's digest at the source, resolved once. */
  readonly sourceDigest: Digest;
  /**
   * What the destination will hold: the source's digest, or that of the subset; of a tag that is left alone what it has
   * now. Of a `conflict` what is not put there.
   */
  readonly digest: Digest;
  /** What the destination's tag holds now. */
  readonly currentDigest?: Digest | undefined;
  /** The new index when platforms were asked for, else absent. */
  readonly subset?: Manifest | undefined;
  /** At most so many bytes will move; what the destination's registry has already is subtracted only when it is known. */
  readonly bytes: number;
  /** How many manifests the copy reads at the source. */
  readonly pulls?: number | undefined;
}

/** Decides what is to be done, by reading only. The source's tag is resolved here, once. */
export async function planCopy(question: CopyQuestion, options: ReadOptions): Promise<CopyDecision> {
  const { source, sourceReference, destination, destinationReference } = question;
  const { signal } = options;
  // Where a tag is written, the tag is what is wanted; that the digest beside it exists says nothing of the tag.
  const key = destinationReference.tag ?? manifestKey(destinationReference);
  const [sourceDigest, current] = await Promise.all([
    sourceReference.digest ??
      source.manifests.head(manifestKey(sourceReference), { signal }).then((head) => head.digest),
    question.findCurrent?.(options) ?? destination.manifests.find(key, { signal }),
  ]);
  const settled =
    current !== undefined &&
    current.digest === question.expectedDigest &&
    (await examineInPlace(question, current.digest, options));
  if (settled && settled.action === "skip")
    return { ...settled, sourceDigest, digest: current.digest, currentDigest: current.digest };

  const subset = await examinePlatforms(question, sourceDigest, options);
  const digest = await digestThere(question, subset?.digest ?? sourceDigest, options);
  const common = {
    sourceDigest,
    digest,
    ...(current ? { currentDigest: current.digest } : {}),
    ...(subset && subset.digest !== sourceDigest ? { subset } : {}),
  };
  if (current?.digest === digest) {
    const found = settled || (await examineInPlace(question, digest, options));
    if (found.action === "skip") return { ...common, ...found };
    return { ...common, ...found, ...(await weigh(question, subset, sourceDigest, options)) };
  }
  if (current && question.judge) {
    // Before anything is read that only a copy needs.
    const read = async (): Promise<Manifest> => subset ?? (await options.cache.get(source, sourceDigest, signal));
    const refusal = await question.judge({ currentDigest: current.digest, digest, read });
    if (refusal)
      return { ...common, ...refusal, digest: refusal.action === "skip" ? current.digest : digest, bytes: 0 };
  }
  let action: "copy" | "repair" = "copy";
  if (current && (await destination.manifests.find(digest, { signal }))) {
    // Perhaps no tag leads to it, and then its content can have been collected since: a tag needs more than a manifest.
    const missing = await missingBelow({ ...question, depth: "blobs" }, digest, options);
    if (missing && missing.manifests.length + missing.blobs.length === 0) {
      const reason = `the tag holds ${current.digest}, the image is there without it`;
      return { ...common, action: "tag", reason, bytes: 0 };
    }
    // A copy takes a manifest that is there as a sign of all that it names; here that is known to be wrong.
    if (missing && missing.blobs.length > 0) action = "repair";
  }
  const reason = current ? `the tag holds ${current.digest}` : "the destination does not have it";
  return { ...common, action, reason, ...(await weigh(question, subset, sourceDigest, options)) };
}

/** What the destination will hold: by sha512 only where its reference says so. */
async function digestThere(
  { source, destinationReference }: CopyQuestion,
  digest: Digest,
  options: ReadOptions,
): Promise<Digest> {
  return destinationReference.digest === digest ? digest : await digestOfTag(source, digest, options);
}

/**
 * What a registry answers for a tag on a manifest of this digest. Registries name what a tag holds by sha256, so for an
 * image named by sha512 it is the other digest of the same bytes.
 */
export async function digestOfTag(repository: Repository, digest: Digest, options: ReadOptions): Promise<Digest> {
  if (digestAlgorithm(digest) === "sha256") return digest;
  return digestOf((await options.cache.get(repository, digest, options.signal)).bytes);
}

/** Whether the image behind a tag that holds the right digest is whole, as deep as the question wants it known. */
async function examineInPlace(
  question: CopyQuestion,
  digest: Digest,
  options: ReadOptions,
): Promise<Pick<CopyDecision, "action" | "reason" | "bytes">> {
  const missing = await missingBelow(question, digest, options);
  if (!missing) return { action: "repair", reason: "the manifest of the tag is missing", bytes: 0 };
  if (missing.manifests.length + missing.blobs.length === 0) return { action: "skip", reason: "in place", bytes: 0 };
  const reason = `${missing.manifests.length} manifests and ${missing.blobs.length} blobs are missing below the tag`;
  return { action: "repair", reason, bytes: 0 };
}

/** What is missing below a manifest that HEAD has found; undefined when GET does not. */
async function missingBelow(
  { destination, depth }: CopyQuestion,
  digest: Digest,
  options: ReadOptions,
): Promise<Missing | undefined> {
  if (depth === "tag") return { manifests: [], blobs: [] };
  let top: Manifest;
  try {
    top = await options.cache.get(destination, digest, options.signal);
  } catch (error) {
    // Registries with a cache before their storage answer so.
    if (isNotFound(error)) return undefined;
    throw error;
  }
  return await findMissing(destination, top, depth, options);
}

/**
 * What the source is reduced to when platforms are asked for; undefined when it is taken as it is.
 * @throws `unsupported` when a wanted or required platform is not offered.
 */
export async function examinePlatforms(
  question: Pick<CopyQuestion, "source" | "platforms" | "requiredPlatforms">,
  sourceDigest: Digest,
  options: ReadOptions,
): Promise<Manifest | undefined> {
  const { source, platforms, requiredPlatforms } = question;
  if (platforms.length === 0 && requiredPlatforms.length === 0) return undefined;
  const top = await options.cache.get(source, sourceDigest, options.signal);
  if (requiredPlatforms.length > 0) {
    const offered = await platformsOf(source, top, options);
    requirePlatforms([...offered.keys()].map(parsePlatform), requiredPlatforms, source);
  }
  return platforms.length === 0 ? undefined : await selectPlatforms(source, top, platforms, options);
}

/** What moves at most. The whole tree is charged, also what is remembered: who applies the plan may be another process. */
async function weigh(
  { source }: CopyQuestion,
  subset: Manifest | undefined,
  sourceDigest: Digest,
  options: ReadOptions,
): Promise<Weight> {
  const top = subset ?? (await options.cache.get(source, sourceDigest, options.signal));
  return weightOf(await readTree(source, top, options));
}
