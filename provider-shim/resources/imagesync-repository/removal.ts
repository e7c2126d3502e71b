import { formatReference, ImagesyncError, type RemovalReport } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { deletionHint } from "../../deletion-hint.ts";
import type { Context } from "../../protocol/context.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { reportLines } from "../imagesync/report-lines.ts";
import { retentionOf } from "../imagesync/retention.ts";
import type { Own } from "./memory.ts";
import type { TagFailure } from "./source.ts";
import { repositoryIn, tagAt } from "./state.ts";

/**
 * Takes tags away, each only if it still holds what was put there, and what nobody else needs of their content. What
 * stays is one warning; tags that could not be removed are the result, the others go all the same.
 */
export async function removeTags(
  value: ObjectValue,
  tags: ReadonlyMap<string, Own>,
  provider: Configured,
  context: Context,
  signal: AbortSignal,
): Promise<readonly TagFailure[]> {
  const { policy, referrers } = retentionOf(value, provider);
  if (policy === "retain" || tags.size === 0) return [];
  const failures: TagFailure[] = [];
  const reports: RemovalReport[] = [];
  await Promise.all(
    [...tags].map(async ([tag, { digest, previous }]) => {
      try {
        // An update that failed may have given the digest, which is not an earlier one yet, the tag of an earlier one.
        const removal = { expectDigest: digest, previous: [digest, ...previous], policy, referrers, signal };
        reports.push(await provider.engine.remove(tagAt(value, tag), removal));
      } catch (error) {
        // A stop too: what was copied before must get into the state.
        if (!(error instanceof ImagesyncError)) throw error;
        failures.push({ tag, message: error.message, hint: deletionHint(error), side: error.side });
      }
    }),
  );
  tell(value, reports, [...tags.values()], context);
  return failures;
}

function tell(value: ObjectValue, reports: readonly RemovalReport[], own: readonly Own[], context: Context): void {
  const destination = formatReference(repositoryIn(value, "destination"));
  const sum = (count: (report: RemovalReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  context.log.info("Images are removed", {
    destination,
    untagged: sum(({ untagged }) => (untagged ? 1 : 0)),
    manifests: sum(({ manifests }) => manifests.length),
    blobs: sum(({ blobs }) => blobs.length),
    bytes: sum(({ bytes }) => bytes),
    left_to_registry: sum(({ unsupported }) => unsupported.manifests + unsupported.blobs),
  });
  // What a tag that is kept holds comes first. Layers that other images share stay at nearly every removal: that is how
  // it should be, and no news.
  const ours = new Set(own.flatMap(({ digest, previous }) => [digest, ...previous]));
  const kept = reports.flatMap((report) =>
    report.kept.filter(({ digest }, position) => ours.has(digest) || (position === 0 && !report.untagged)),
  );
  const lines = reportLines(
    kept,
    reports.flatMap(({ skipped }) => skipped),
  );
  if (lines.length === 0) return;
  const what = `Of the images at ${destination} something stays:`;
  context.diagnostics.warning("Content kept", [what, ...lines].join("\n"));
}
