import { type CollectionReport, type Digest, ImagesyncError, isDigest } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import { reportLines } from "./report-lines.ts";
import type { Retention } from "./retention.ts";
import { destinationTag } from "./state.ts";

/** One update of a tag, for those who look after the digests it held before. */
export interface Update {
  readonly destination: string;
  /** What the tag holds after the update. */
  readonly current: Digest;
  readonly retention: Retention;
  readonly provider: Configured;
  readonly signal: AbortSignal;
}

/**
 * Holds the digest that the tag is about to leave by a tag of its own, so that what runs by it keeps pulling: registries
 * collect what no tag holds, and others who delete cannot see it. A refusal does not stop the update.
 * @returns whether the digest is still there to be looked after.
 */
export async function holdEarlier(update: Update, earlier: Digest, context: Context): Promise<boolean> {
  const { destination, retention, provider, signal } = update;
  if (retention.keepPrevious === 0) return true;
  try {
    const there = await provider.engine.retain(destinationTag(destination), earlier, { signal });
    if (!there) context.log.info("Earlier image is gone already", { destination, digest: earlier });
    return there;
  } catch (error) {
    if (signal.aborted || !(error instanceof ImagesyncError)) throw error;
    const detail = `${destination} is updated all the same, but no tag holds its earlier digest ${earlier}: the registry's own collector may take it while something still runs by it. ${error.message}.`;
    context.diagnostics.warning("Earlier image has no tag", detail);
    return true;
  }
}

/**
 * Collects the digests of the tag that are older than those to be kept, after the update has succeeded; its problems are
 * a warning. The tag of a digest that has come back goes as well, its content stays.
 * @param previous Digests that the tag held before, newest first.
 * @returns those of them that are to be remembered: kept, or not collected yet.
 */
export async function collectEarlier(
  update: Update,
  previous: readonly Digest[],
  isBack: boolean,
  context: Context,
): Promise<readonly Digest[]> {
  const { destination, current, retention, provider, signal } = update;
  const { policy, keepPrevious, keepDigests, referrers } = retention;
  const kept = previous.slice(0, keepPrevious);
  const older = previous.slice(keepPrevious).filter((digest) => !keepDigests.includes(digest));
  const digests = isBack ? [current, ...older] : older;
  if (policy === "retain" || digests.length === 0) return previous;
  try {
    const report = await provider.engine.collect(destinationTag(destination), {
      digests,
      keepDigests: [current, ...kept, ...keepDigests],
      // What has come back has content that stays: there is nothing to look for in the repository.
      policy: older.length === 0 ? "untag" : policy,
      referrers,
      signal,
    });
    const { tags, manifests, blobs, bytes } = report;
    context.log.info("Earlier images are collected", {
      destination,
      tags: tags.length,
      manifests: manifests.length,
      blobs: blobs.length,
      bytes,
      kept: report.kept.length,
    });
    tellSkipped(destination, reportLines([], report.skipped), context);
    return previous.filter((digest) => !older.includes(digest) || isLeft(digest, report));
  } catch (error) {
    // The tag holds the new image: an update that has succeeded must not be reported as one that has failed.
    if (!(error instanceof ImagesyncError)) throw error;
    tellSkipped(destination, [`collection: ${error.message}`], context);
    return previous;
  }
}

function tellSkipped(destination: string, lines: readonly string[], context: Context): void {
  if (lines.length === 0) return;
  const what = `${destination} is updated. Of its earlier images something is left that is not to be kept:`;
  const next = `The next update, or the destroy, tries again. Where this registry never deletes, set deletion_policy = "retain".`;
  context.diagnostics.warning("Earlier images are not collected yet", [what, ...lines, next].join("\n"));
}

/** What is skipped by its own name, or stands behind a tag or a collection that was skipped, is tried again. */
function isLeft(digest: Digest, { manifests, skipped }: CollectionReport): boolean {
  return !manifests.includes(digest) && skipped.some(({ what }) => what === digest || !isDigest(what));
}
