import { setTimeout as pause } from "node:timers/promises";
import { Slots } from "../concurrency/slots.ts";
import type { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type CopyContext, copyImage, type CopyResult, readBackOperation, tagImage } from "../copy/copy.ts";
import { type ErrorCode, type ImagesyncError, isNotFound, toImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { findMissing } from "../graph/completeness.ts";
import { repositoryKey } from "../graph/known.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { tagOrLatest } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { failure } from "./failure.ts";
import type { Ends, Plan, PlanItem } from "./plan.ts";
import type { ReportItem } from "./report.ts";

export interface ApplyContext extends CopyContext {
  /** Copies share a destination repository, deletes have it alone. */
  readonly repositoryLock: KeyedLock;
  readonly open: (item: PlanItem) => Ends;
}

export interface ApplyOptions {
  /** Stops the whole apply within two seconds, in mid-blob too; tags stay as they were. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** How many images are worked on at the same time; blobs and connections have limits of their own. */
const parallelItems = 64;

/** Of one image; each request has been tried several times by then. */
const maxAttempts = 3;

/** Whoever writes the same image to the same place at the same time is done by then. Each request has waited already. */
const retryPauseMs = 100;

/** Failures that another try of the same image can cure: it finds in place what the first try has brought. */
const transient: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout"]);

/** What may be damage on the way: worth one more try, which blobs have had when it gets here. */
const damaged: ReadonlySet<ErrorCode> = new Set(["size-mismatch", "digest-mismatch"]);

/** Executes a plan as it stands: nothing is decided here, no tag is resolved again. */
export async function applyPlan(plan: Plan, context: ApplyContext, options: ApplyOptions): Promise<ReportItem[]> {
  const slots = new Slots(parallelItems);
  return await Promise.all(
    plan.items.map(async (item): Promise<ReportItem> => {
      const none = { bytes: 0, blobs: { copied: 0, mounted: 0, present: 0 } };
      if (item.action === "skip") return { item, outcome: "unchanged", ...none };
      try {
        const release = await slots.acquire(options.signal);
        try {
          const { bytes, ...blobs } = await applyItem(item, context, options);
          return { item, outcome: "done", bytes, blobs };
        } finally {
          release();
        }
      } catch (error) {
        return { item, outcome: "failed", error: failure(error, "copy", options.signal), ...none };
      }
    }),
  );
}

async function applyItem(item: PlanItem, context: ApplyContext, options: ApplyOptions): Promise<CopyResult> {
  const ends = context.open(item);
  const { signal, onEvent = () => undefined } = options;
  const tag = tagOrLatest(item.destination);
  let distrust = item.action === "repair" || item.thorough === true;
  let resend = false;
  let action = item.action;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await context.repositoryLock.shared(
        repositoryKey(item.destination),
        async () => {
          // The plan has seen it whole, but may be old: a removal can have collected since what no tag led to.
          if (action === "tag" && !(await isWhole(ends.destination, item.digest, { cache: context.cache, signal }))) {
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
              onEvent,
              signal,
            },
            context,
          );
        },
        signal,
      );
    } catch (error) {
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

async function isWhole(destination: Repository, digest: Digest, options: ReadOptions): Promise<boolean> {
  try {
    const top = await options.cache.get(destination, digest, options.signal);
    const { manifests, blobs } = await findMissing(destination, top, "blobs", options);
    return manifests.length + blobs.length === 0;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isTransient({ code, attempts = 1 }: ImagesyncError): boolean {
  return transient.has(code) || (damaged.has(code) && attempts === 1);
}

/** The destination misses what it had, or what it has just taken. */
function isContentLost({ registryCode, operation }: ImagesyncError): boolean {
  return registryCode === "MANIFEST_BLOB_UNKNOWN" || operation === readBackOperation;
}
