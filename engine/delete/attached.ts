import { toImagesyncError } from "../errors.ts";
import { parseAttachmentTag } from "../oci/attachment-tag.ts";
import type { Digest } from "../oci/digest.ts";
import type { Mark } from "./mark.ts";
import type { CollectionReport, Skipped } from "./report.ts";

/** Something that belongs to an image that is gone: a signature, an SBOM, an attestation. */
export interface Attached {
  readonly digest: Digest;
  /** The image that is gone. */
  readonly subject: Digest;
  /** Absent for what only the registry's own list names. */
  readonly tag?: string | undefined;
}

/** A collection, and what belonged to the images that it has deleted. */
export interface Collected extends CollectionReport {
  readonly attached: readonly Attached[];
}

/** How the rest is removed. */
export interface AttachedSteps {
  /** Whether a manifest is in the repository. */
  readonly isThere: (digest: Digest) => Promise<boolean>;
  /** Takes a tag away if it still holds that, and says whether it did. */
  readonly untag: (tag: string, digest: Digest) => Promise<boolean>;
  readonly collect: (attached: readonly Attached[]) => Promise<Collected>;
  readonly signal?: AbortSignal | undefined;
}

/** The signature of an SBOM of an image is two deep; what is deeper than this stays. */
const maxDepth = 8;

/** What belongs to manifests, by the mark that was made right before they were deleted. */
export function attachedTo(gone: ReadonlySet<Digest>, { tags, attached }: Mark): Attached[] {
  const tagged = [...tags].flatMap(([tag, digest]) => {
    const subject = parseAttachmentTag(tag)?.subject;
    return subject !== undefined && subject !== digest && gone.has(subject) ? [{ digest, subject, tag }] : [];
  });
  const listed = [...attached].flatMap(([subject, digests]) =>
    gone.has(subject) ? digests.map((digest) => ({ digest, subject })) : [],
  );
  return [...tagged, ...listed];
}

/**
 * After an image its signatures go, its SBOMs, and the list of them: without it they say nothing. An image that
 * somebody has brought again meanwhile keeps its own. Nothing fails here; it is reported.
 */
export async function removeAttached(
  { attached: first, ...collected }: Collected,
  steps: AttachedSteps,
): Promise<CollectionReport> {
  let report: CollectionReport = collected;
  let attached = first;
  for (let depth = 0; depth < maxDepth && attached.length > 0; depth += 1) {
    const released = await release(attached, steps);
    const { attached: next, ...more } = await steps.collect(released.attached);
    report = together(report, { ...more, tags: [...released.tags, ...more.tags] }, released.skipped);
    attached = next;
  }
  return report;
}

async function release(
  attached: readonly Attached[],
  { isThere, untag, signal }: AttachedSteps,
): Promise<{ attached: Attached[]; tags: string[]; skipped: Skipped[] }> {
  const released: { attached: Attached[]; tags: string[]; skipped: Skipped[] } = {
    attached: [],
    tags: [],
    skipped: [],
  };
  const back = new Map<Digest, boolean>();
  for (const one of attached) {
    const { digest, subject, tag } = one;
    try {
      const isBack = back.get(subject) ?? (await isThere(subject));
      back.set(subject, isBack);
      if (isBack || (tag !== undefined && !(await untag(tag, digest)))) continue;
      released.attached.push(one);
      if (tag !== undefined) released.tags.push(tag);
    } catch (error) {
      signal?.throwIfAborted();
      released.skipped.push({
        what: tag === undefined ? digest : `tag ${tag}`,
        why: toImagesyncError(error, "delete tag").message,
      });
    }
  }
  return released;
}

function together(a: CollectionReport, b: CollectionReport, skipped: readonly Skipped[]): CollectionReport {
  const manifests = new Set([...a.manifests, ...b.manifests]);
  const blobs = new Set([...a.blobs, ...b.blobs]);
  return {
    tags: [...a.tags, ...b.tags],
    manifests: [...manifests],
    blobs: [...blobs],
    bytes: a.bytes + b.bytes,
    // What a signature had kept of its image goes with the signature.
    kept: [...a.kept, ...b.kept].filter(({ digest }) => !manifests.has(digest) && !blobs.has(digest)),
    skipped: [...a.skipped, ...skipped, ...b.skipped],
    unsupported: {
      manifests: a.unsupported.manifests + b.unsupported.manifests,
      blobs: a.unsupported.blobs + b.unsupported.blobs,
    },
  };
}
