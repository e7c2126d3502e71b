import { setTimeout as pause } from "node:timers/promises";
import { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Claims } from "../graph/claims.ts";
import type { Known } from "../graph/known.ts";
import type { ManifestCache } from "../graph/manifest-cache.ts";
import { isManifest, readTree, type Tree } from "../graph/walk.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { blobsOf, type Manifest, parseManifest } from "../oci/manifest.ts";
import { isNonDistributable } from "../oci/media-types.ts";
import type { Stored } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";
import { listUnderSubject, type ReferrerContext } from "./referrer.ts";
import type { Transferred, Transfers } from "./transfer.ts";

/** What lives as long as the engine and makes copies share their knowledge. */
export interface CopyContext extends ReferrerContext {
  readonly known: Known;
  readonly claims: Claims;
  readonly cache: ManifestCache;
  readonly transfers: Transfers;
}

export interface CopyOrder {
  readonly source: Repository;
  readonly destination: Repository;
  /** What to read: at the source, or for a tag alone at the destination. */
  readonly digest: Digest;
  /** What the destination shall answer; other than `digest` for a subset, and where the source is named by sha512. */
  readonly wanted: Digest;
  /** The bytes of the top manifest when they are not the source's: a subset of platforms. */
  readonly subset?: Manifest | undefined;
  /** Absent when the image is wanted by digest alone. */
  readonly tag?: string | undefined;
  /** The destination's tag was absent: nothing of the image is expected there. */
  readonly cold: boolean;
  /** Ask about everything below the tag anew: what should be there turned out to be missing. */
  readonly distrust: boolean;
  /** The manifest at the destination that this one belongs to, and is listed under. */
  readonly subject?: Digest | undefined;
  /** Send every blob, because the destination says that it has what it turned out not to have. */
  readonly resend?: boolean | undefined;
  /** Called right before the tag is written; what it throws keeps the tag as it is. */
  readonly beforeTag?: (() => Promise<void>) | undefined;
  readonly onEvent: OnEvent;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyResult {
  /** Bytes of the blobs that were sent to the destination. */
  readonly bytes: number;
  readonly copied: number;
  readonly mounted: number;
  readonly present: number;
}

/**
 * Puts an image to its destination: blobs before the manifest that names them, children before their index, the tag
 * last, then reads the tag back. Whatever stops it, no tag ever points at something incomplete.
 * @throws `conflict` when the tag reads back as something else.
 */
export async function copyImage(order: CopyOrder, context: CopyContext): Promise<CopyResult> {
  const { source, signal } = order;
  const top = named(order.subset ?? (await context.cache.get(source, order.digest, signal)), order.wanted);
  const tree = await readTree(source, top, { cache: context.cache, signal });
  for (const layer of tree.nonDistributable) {
    const message = `Layer ${layer.digest} may not be distributed by its licence and is left at its origin`;
    order.onEvent({ kind: "warning", about: "left-out", message });
  }
  const counts = { bytes: 0, copied: 0, mounted: 0, present: 0 };
  await pushTree(tree, order, context, counts);
  const stored = await placeTop(top, order, context);
  if (order.subject !== undefined) await listUnderSubject(top, stored, order.destination, context, signal);
  return counts;
}

/** The same bytes by another of their digests. */
function named(manifest: Manifest, digest: Digest): Manifest {
  return manifest.digest === digest ? manifest : parseManifest(manifest.bytes, manifest.mediaType, digest);
}

type Counts = { bytes: number } & Record<Transferred, number>;

/**
 * Everything below the top manifest: each blob and manifest once, each manifest as soon as its own content is there.
 * When one fails, the others are told to stop and waited for, so that nothing goes on behind the caller's back.
 */
async function pushTree(tree: Tree, whole: CopyOrder, context: CopyContext, counts: Counts): Promise<void> {
  const stop = new AbortController();
  const signal = whole.signal ? AbortSignal.any([whole.signal, stop.signal]) : stop.signal;
  const order = { ...whole, signal };
  const { destination } = order;
  const manifests = new Map(tree.manifests.map((manifest) => [manifest.digest, manifest]));
  const done = new Map<string, Promise<void>>();
  // The same bytes can be wanted as a blob and as a manifest; registries keep the two apart.
  const once = (as: "blob" | "manifest", digest: Digest, work: () => Promise<void>): Promise<void> => {
    const key = `${as} ${digest}`;
    const running = done.get(key) ?? work();
    done.set(key, running);
    return running;
  };

  const pushBlob = async (blob: Descriptor): Promise<void> => {
    // One image may leave a layer at its origin that another one brings along.
    if (isNonDistributable(blob.mediaType)) return;
    await once("blob", blob.digest, async () => {
      const how = await context.transfers.ensure(blob, { ...order, blobs: tree.blobs.length });
      counts[how] += 1;
      if (how === "copied") counts.bytes += blob.size;
    });
  };

  const pushContent = async (manifest: Manifest): Promise<void> => {
    if (manifest.kind === "image") {
      await Promise.all(blobsOf(manifest).map(pushBlob));
      return;
    }
    await Promise.all(
      manifest.manifests.map(async (child) => {
        const found = isManifest(child) ? manifests.get(child.digest) : undefined;
        await (found ? pushManifest(found) : pushBlob(child));
      }),
    );
  };

  const pushManifest = (manifest: Manifest): Promise<void> =>
    once("manifest", manifest.digest, async () => {
      if (!order.distrust && context.known.hasManifest(destination.name, manifest.digest)) return;
      const isThere = await isInPlace(manifest);
      await pushContent(manifest);
      if (isThere) return;
      await destination.manifests.put(manifest, manifest.digest, { signal });
      context.known.addManifest(destination.name, manifest.digest);
      order.onEvent({ kind: "manifest-done", digest: manifest.digest });
    });

  /**
   * A registry takes a manifest only with its content, but what no tag leads to can lose it since: to the registry's
   * own collector, or to a delete, which sees only what tags lead to. So what is there is not sent again, and what is
   * below it is asked for all the same.
   */
  const isInPlace = async (manifest: Manifest): Promise<boolean> => {
    if (order.distrust || order.cold) return false;
    return (await destination.manifests.find(manifest.digest, { signal })) !== undefined;
  };

  try {
    await pushContent(tree.top);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(done.values());
    throw error;
  }
}

/** Puts a tag on an image that its repository has already, and reads it back. */
export async function tagImage(order: CopyOrder, context: CopyContext): Promise<CopyResult> {
  const top = await context.cache.get(order.destination, order.digest, order.signal);
  await placeTop(top, order, context);
  return { bytes: 0, copied: 0, mounted: 0, present: 0 };
}

/** The last step of every copy: from here on the image is visible. */
async function placeTop(
  top: Manifest,
  { destination, tag, beforeTag, onEvent, signal }: CopyOrder,
  context: CopyContext,
): Promise<Stored> {
  const key = tag ?? top.digest;
  if (tag !== undefined) await beforeTag?.();
  const stored = await destination.manifests.put(top, key, { signal });
  context.known.addManifest(destination.name, top.digest);
  if (tag !== undefined) context.claims.claim(destination.name, tag);
  context.cache.add(destination, await readBack(destination, key, top.digest, signal));
  onEvent({ kind: "manifest-done", digest: top.digest, tag });
  return stored;
}

/** Some registries show what they have taken only after a moment: so long is waited between looks, in milliseconds. */
const readBackPausesMs: readonly number[] = [50, 200, 1000];

/** What reading back is called in the error of a manifest that was taken and is not there. */
export const readBackOperation = "read back the manifest";

/**
 * The registry's word for what it stored is not proof: some confirm a manifest and lose it.
 * @throws `conflict` when another manifest is there, `unavailable` when none is.
 */
async function readBack(
  destination: Repository,
  key: string,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  const stored = await readWhenThere(destination, key, signal);
  if (stored.digest === digest) return stored;
  throw new ImagesyncError({
    code: "conflict",
    operation: "read back the tag",
    side: "destination",
    registry: destination.name.registry,
    message: `Cannot confirm ${destination.name.registry}/${destination.name.repository}:${key}: it was pushed as ${digest} and reads back as ${stored.digest}`,
    hint: "Somebody else writes to this tag; let only one of them own it",
  });
}

async function readWhenThere(destination: Repository, key: string, signal: AbortSignal | undefined): Promise<Manifest> {
  for (let looks = 0; ; looks += 1) {
    try {
      return await destination.manifests.get(key, { signal });
    } catch (error) {
      if (!(error instanceof ImagesyncError) || error.code !== "not-found") throw error;
      const pauseMs = readBackPausesMs[looks];
      if (pauseMs === undefined) throw lostAfterPush(error, destination, key);
      await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** "Not found" would say that there is nothing; here something is wrong with the registry. */
function lostAfterPush(cause: ImagesyncError, { name }: Repository, key: string): ImagesyncError {
  return new ImagesyncError({
    code: "unavailable",
    operation: readBackOperation,
    side: "destination",
    registry: name.registry,
    status: cause.status,
    registryCode: cause.registryCode,
    message: `Cannot confirm ${name.registry}/${name.repository}:${key}: ${name.registry} has taken the manifest and does not have it`,
    hint: `Check the storage of ${name.registry}, and whether a clean-up runs there at the same time`,
    cause,
  });
}
