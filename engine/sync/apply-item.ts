import { setTimeout as pause } from "node:timers/promises";
import type { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type CopyContext, copyImage, type CopyResult, readBackOperation, tagImage } from "../copy/copy.ts";
import { type ErrorCode, ImagesyncError, toImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { isWhole } from "../graph/completeness.ts";
import { repositoryKey } from "../graph/known.ts";
import { parseManifest } from "../oci/manifest.ts";
import { formatReference, tagOrLatest } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import type { Ends, PlanItem } from "./plan.ts";

export interface ItemContext extends CopyContext {
  /** Copies share a destination repository, deletes have it alone. */
  readonly repositoryLock: KeyedLock;
  readonly open: (item: PlanItem) => Ends;
}

export interface ItemOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnEvent | undefined;
  /** The image was put or found whole just now: its tag needs no look at what is below it. */
  readonly isWhole?: boolean | undefined;
}

/** What became of one item: what it has brought, or why its tag was kept. */
export type Applied = CopyResult | { readonly kept: string };

/** Of one image; each request has been tried several times by then. */
const maxAttempts = 3;

/** Whoever writes the same image to the same place at the same time is done by then. Each request has waited already. */
const retryPauseMs = 100;

/** Failures that another try of the same image can cure: it finds in place what the first try has brought. */
const transient: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout"]);

/** What may be damage on the way: worth one more try, which blobs have had when it gets here. */
const damaged: ReadonlySet<ErrorCode> = new Set(["size-mismatch", "digest-mismatch"]);

/**
 * Puts one item of a plan in place, with the only retry loop of tasks.
 * @throws what still fails then; `conflict` when the tag of a guarded item was moved meanwhile and must not be replaced.
 */
export async function applyItem(item: PlanItem, context: ItemContext, options: ItemOptions): Promise<Applied> {
  const ends = context.open(item);
  const { signal, onEvent = () => undefined } = options;
  const tag = tagOrLatest(item.destination);
  let distrust = item.action === "repair" || item.thorough === true;
  let resend = false;
  let action = item.action;
  const beforeTag = item.guarded && tag !== undefined ? () => checkTag(item, tag, ends.destination, signal) : undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await context.repositoryLock.shared(
        repositoryKey(item.destination),
        async () => {
          // The plan has seen it whole, but may be old: a removal can have collected since what no tag led to.
          const isSure = options.isWhole === true && attempt === 1;
          if (
            action === "tag" &&
            !isSure &&
            !(await isWhole(ends.destination, item.digest, { cache: context.cache, signal }))
          ) {
            action = "repair";
            distrust = true;
          }
          return await (action === "tag" ? tagImage : copyImage)(
            {
              ...ends,
              digest: action === "tag" ? item.digest : (item.source.digest ?? item.digest),
              wanted: item.digest,
              ...(item.subset
                ? { subset: parseManifest(new TextEncoder().encode(item.subset.text), item.subset.mediaType) }
                : {}),
              tag,
              subject: item.subject,
              cold: item.currentDigest === undefined,
              distrust,
              resend,
              beforeTag,
              onEvent,
              signal,
            },
            context,
          );
        },
        signal,
      );
    } catch (error) {
      if (error instanceof TagMoved && item.guarded === "keep") return { kept: error.reason };
      if (error instanceof TagMoved) throw moved(item, error.reason);
      const cause = toImagesyncError(error, "copy");
      const contentLost: boolean = isContentLost(cause) && !resend;
      if (signal?.aborted || attempt >= maxAttempts || !(contentLost || isTransient(cause))) throw error;
      // The destination said that it has something and then missed it: believe nothing remembered, ask about everything;
      // and when the answers turn out to be wrong as well, believe nothing at all.
      resend ||= contentLost && distrust;
      distrust ||= contentLost;
      if (contentLost) action = "repair";
      context.known.forgetRepository(item.destination);
      const delayMs = Math.round(retryPauseMs * attempt * (0.5 + Math.random()));
      onEvent({ kind: "retry", operation: "copy", attempt, delayMs, reason: cause.message });
      await pause(delayMs, undefined, { signal });
    }
  }
}

/** Stops a write from within; never leaves this file. */
class TagMoved extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** The registries' API has no conditional write: a look right before it leaves the smallest window there is. */
async function checkTag(
  item: PlanItem,
  tag: string,
  destination: Repository,
  signal: AbortSignal | undefined,
): Promise<void> {
  const held = (await destination.manifests.find(tag, { signal }))?.digest;
  // What was wanted may be there by now: by an earlier try of ours, or by somebody who wants the same.
  if (held === item.currentDigest || held === item.digest) return;
  throw new TagMoved(`the tag holds ${held ?? "nothing"} by now, it held ${item.currentDigest ?? "nothing"} at plan`);
}

function moved(item: PlanItem, reason: string): ImagesyncError {
  return new ImagesyncError({
    code: "conflict",
    operation: "copy",
    side: "destination",
    reference: formatReference(item.destination),
    registry: item.destination.registry,
    message: `Cannot put ${item.digest} to ${formatReference(item.destination)}: ${reason}`,
    hint: "Somebody else writes to this tag; let only one of them own it, or plan again",
  });
}

function isTransient({ code, attempts = 1 }: ImagesyncError): boolean {
  return transient.has(code) || (damaged.has(code) && attempts === 1);
}

/** The destination misses what it had, or what it has just taken. */
function isContentLost({ registryCode, operation }: ImagesyncError): boolean {
  return registryCode === "MANIFEST_BLOB_UNKNOWN" || operation === readBackOperation;
}
