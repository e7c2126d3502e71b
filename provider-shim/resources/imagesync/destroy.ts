import { type Digest, formatReference, parseReference, type RemovalReport } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { removeAdditionalTags, tagsEverPut } from "./additional-tags.ts";
import { reportLines } from "./report-lines.ts";
import { type Memory, topDigests } from "./memory.ts";
import { retentionOf } from "./retention.ts";
import { destinationTag, platformDigests, text } from "./state.ts";

/**
 * Takes the image away as far as its policy says: the tag if it still holds what was put there, the tags that hold its
 * earlier digests, and what nobody else needs of their content. What stays is one warning.
 * @throws what the engine throws where the tag could not be removed; then the state stays.
 */
export async function destroyImagesync(
  prior: ObjectValue,
  memory: Memory,
  provider: Configured,
  context: Context,
): Promise<void> {
  const destination = text(prior, "destination");
  const ours = topDigests(prior, memory);
  // What a tag holds that was found and kept is not ours; what it held before then may be.
  const expectDigest = ours[0];
  // A create that failed before anything was put leaves no digest: there is nothing of ours to remove.
  if (destination === undefined || expectDigest === undefined) return;
  const { policy, keepDigests, referrers } = retentionOf(prior, provider);
  if (policy === "retain") {
    context.log.info("Image is retained", { destination, digest: expectDigest });
    return;
  }
  const signal = deadline(prior["timeouts"], "delete", context.signal);
  // While they hold the image nothing of it can be collected.
  await removeAdditionalTags(destination, tagsEverPut(prior, memory.tags), ours, provider, context, signal);
  // An update that failed may have given the digest, which is not an earlier one yet, the tag of an earlier one; a
  // destroy that was killed may have left platforms whose index is gone.
  const platforms = prior["destination_digest"] === null ? platformDigests(prior) : [];
  const own = [...ours, ...platforms];
  const previous = own.filter((digest) => !keepDigests.includes(digest));
  const removal = { expectDigest, previous, keepDigests, policy, referrers, signal };
  const report = await provider.engine.remove(destinationTag(destination), removal);
  tell(report, destination, previous, context);
}

function tell(report: RemovalReport, destination: string, own: readonly Digest[], context: Context): void {
  const { untagged, tags, manifests, blobs, bytes, kept, skipped, unsupported } = report;
  context.log.info("Image is removed", {
    destination,
    untagged,
    tags: tags.length,
    manifests: manifests.length,
    blobs: blobs.length,
    bytes,
    kept: kept.length,
    skipped: skipped.length,
    left_to_registry: unsupported.manifests + unsupported.blobs,
  });
  // What a tag that is kept holds comes first. Layers that other images share stay at nearly every removal: that is how
  // it should be, and no news.
  const news = kept.filter(({ digest }, position) => own.includes(digest) || (position === 0 && !untagged));
  const lines = reportLines(news, skipped);
  if (lines.length === 0) return;
  const what = untagged
    ? `${destination} is removed. Of its content something stays:`
    : `${destination} is not removed:`;
  const repository = formatReference({ ...parseReference(destination), tag: undefined, digest: undefined });
  const left = own.filter((digest) => !manifests.includes(digest)).join(",");
  const next = `What was skipped can be collected later: imagesync gc --digest ${left} ${repository}`;
  const text = [what, ...lines, ...(skipped.length > 0 ? [next] : [])].join("\n");
  context.diagnostics.warning(untagged ? "Content kept" : "Tag kept", text);
}
