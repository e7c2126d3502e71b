import { isDeepStrictEqual } from "node:util";
import { atDigest, type Digest, isDigest, parseReference, pinned, tagOrLatest } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { removeAdditionalTags, tagsEverPut, tagsOf } from "./additional-tags.ts";
import { isKept } from "./conflict.ts";
import { destroyImagesync } from "./destroy.ts";
import { collectEarlier, holdEarlier } from "./earlier.ts";
import { type Memory, ownDigest, readMemory, type Resolved, topDigests, writeMemory } from "./memory.ts";
import { taggedReference } from "./plan.ts";
import { putImage } from "./put.ts";
import { describeImage } from "./read.ts";
import { retentionOf } from "./retention.ts";
import { resolveSource } from "./source.ts";
import { depthIn, digestIn, text, texts } from "./state.ts";
import { claimTags, newOwner } from "../tag-owners.ts";

type ApplyRequest = Parameters<ResourceDefinition<Configured>["apply"]>[0];
type ApplyAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["apply"]>>;

/** Creates, updates in place, or destroys. */
export async function applyImagesync(request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned, provider } = request;
  const memory = readMemory(request.private);
  if (planned === null) {
    if (prior !== null) await destroyImagesync(prior, memory, provider, context);
    return { state: null };
  }
  const destination = text(planned, "destination") ?? "";
  const signal = deadline(planned["timeouts"], prior === null ? "create" : "update", context.signal);
  const resolved = await whatToCopy(planned, provider, signal);
  const update = {
    destination,
    current: resolved.digest,
    retention: retentionOf(planned, provider),
    provider,
    signal,
  };
  const ours = prior ? topDigests(prior, memory) : [];
  const leaving = prior ? ownDigest(prior, memory) : undefined;
  const isMoving = leaving !== undefined && leaving !== resolved.digest;
  const earlier = isMoving && (await holdEarlier(update, leaving, context)) ? [leaving] : [];
  const untouched = isKept(planned, memory) || (prior !== null && isInPlace(prior, planned));
  const digest = untouched ? resolved.digest : await putImage(planned, resolved, ours, provider, context, signal);
  const kept = isKept(planned, memory) || digest !== resolved.digest;
  const owner = memory.owner ?? newOwner();
  if (!kept) claimTags(tagsOf(planned, memory), owner, provider, context);
  await dropTags(request, memory, kept ? ours : [digest, ...ours], context, signal);
  // A new object may get the memory of the one it takes the place of, which looks after its digests itself.
  const remembered = prior === null ? [] : memory.previous;
  const previous = [...earlier, ...remembered.filter((each) => each !== leaving && each !== digest)];
  const isBack = remembered.includes(digest);
  return {
    state: objectValue({
      ...planned,
      id: pinned(parseReference(destination), digest),
      source_digest: resolved.sourceDigest,
      destination_digest: digest,
      complete: kept ? await isComplete(planned, digest, provider, signal) : true,
      tagged_ref: taggedReference(destination, digest),
      ...(isDescribed(planned) ? {} : await describeImage(destination, digest, provider, signal)),
    }),
    private: writeMemory({
      // What the source has; the plan has told apart what the destination keeps instead.
      resolved: {
        ...(isKept(planned, memory) && memory.resolved ? memory.resolved : resolved),
        question: memory.resolved?.question ?? resolved.question,
      },
      pinned: memory.pinned,
      unrecalled: memory.unrecalled,
      previous: await collectEarlier({ ...update, current: digest }, previous, isBack, context),
      foreign: kept ? [digest] : [],
      tags: texts(planned, "additional_tags"),
      owner,
    }),
  };
}

/** Takes away the additional tags that are not wanted any more, if anything is to be taken away at all. */
async function dropTags(
  { prior, planned, provider }: ApplyRequest,
  memory: Memory,
  ours: readonly Digest[],
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  if (prior === null || planned === null || retentionOf(planned, provider).policy === "retain") return;
  const destination = text(planned, "destination") ?? "";
  const wanted = [...texts(planned, "additional_tags"), tagOrLatest(parseReference(destination))];
  const dropped = tagsEverPut(prior, memory.tags).filter((tag) => !wanted.includes(tag));
  await removeAdditionalTags(destination, dropped, ours, provider, context, signal);
}

function isDescribed(planned: ObjectValue): boolean {
  return typeof planned["media_type"] === "string" && planned["platform_digests"] instanceof Map;
}

/** Whether an image that was found at the destination is whole, which is for others to see to. */
async function isComplete(
  planned: ObjectValue,
  digest: Digest,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<boolean> {
  const reference = atDigest(parseReference(text(planned, "destination") ?? ""), digest);
  const { missing } = await engine.inspect(reference, { depth: depthIn(planned), side: "destination", signal });
  return missing.manifests.length + missing.blobs.length === 0;
}

/** What says how the image gets and stays there, for how long too, and nothing of the image itself. */
const lifeAttributes = [
  "deletion_policy",
  "keep_previous",
  "keep_digests",
  "create_repository",
  "on_conflict",
  "timeouts",
] as const;

/** Whether the refresh has found the image in place, and all that changes is how it is looked after. */
function isInPlace(prior: ObjectValue, planned: ObjectValue): boolean {
  // An additional tag that was left to somebody else is not to be left any more, or the other way round.
  const isTagToMove = prior["on_conflict"] !== planned["on_conflict"] && texts(planned, "additional_tags").length > 0;
  if (isTagToMove) return false;
  const beside = Object.fromEntries(lifeAttributes.map((name) => [name, null]));
  return isDeepStrictEqual(objectValue({ ...prior, ...beside }), objectValue({ ...planned, ...beside }));
}

/** The digest the plan has promised; where it could not promise one, what the source holds now. */
async function whatToCopy(planned: ObjectValue, provider: Configured, signal: AbortSignal): Promise<Resolved> {
  const sourceDigest = text(planned, "source_digest");
  const pin = sourceDigest !== undefined && isDigest(sourceDigest) ? sourceDigest : undefined;
  const digest = digestIn(text(planned, "id"));
  if (pin !== undefined && digest !== undefined) return { question: "", sourceDigest: pin, digest };
  return await resolveSource(planned, pin, provider, signal);
}
