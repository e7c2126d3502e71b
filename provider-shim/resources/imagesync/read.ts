import {
  type Digest,
  type ErrorCode,
  ImagesyncError,
  type Inspection,
  isDigest,
  isNotFound,
  parseReference,
  pinned,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { additionalTagsInOrder, tagsOf } from "./additional-tags.ts";
import { noteOurs } from "./conflict.ts";
import { type Memory, ownDigest, type Resolved, topDigests, writeMemory } from "./memory.ts";
import { taggedReference } from "./plan.ts";
import { recall } from "./recall.ts";
import { questionOf, resolveSource } from "./source.ts";
import { depthIn, digestIn, text, texts } from "./state.ts";
import { claimTags, newOwner } from "../tag-owners.ts";

type ReadRequest = Parameters<ResourceDefinition<Configured>["read"]>[0];
type ReadAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["read"]>>;

/**
 * Looks at both ends. The destination tells whether the image is there, unchanged and whole; only a 404-class answer
 * means that it is gone. What the source's tag holds now goes into the memory, for the plans to come.
 */
export async function readImagesync(
  { state, private: bytes, provider }: ReadRequest,
  context: Context,
): Promise<ReadAnswer> {
  if (provider.unknown) return { state };
  const signal = deadline(state["timeouts"], "read", context.signal);
  const memory = await recall(state, bytes, provider, signal, context);
  noteOurs(state, memory, provider);
  const [found, additionalTags, source] = await Promise.all([
    lookAtDestination(state, provider, signal),
    additionalTagsInOrder(state, memory, provider, signal),
    lookAtSource(state, memory, provider, { deadline: signal, stop: context.signal }),
  ]);
  if (!found && !(await isPartLeft(state, memory, provider, signal))) return { state: null };
  if (source.failure !== undefined && text(state, "on_source_unavailable") !== "fail") {
    const detail = `${source.failure}\n\nThe mirrored image stays as it is. Set on_source_unavailable = "fail" to make this an error.`;
    context.diagnostics.warning("Source unavailable, mirror kept", detail, attributePath("source"));
  }
  const seen = found
    ? await stateOf(found, state, source.resolved, provider, signal)
    : { destination_digest: null, complete: false };
  const tags = state["additional_tags"] === null ? {} : { additional_tags: additionalTags };
  const next = objectValue({ ...state, ...seen, ...tags });
  // The memory is part of the state: what registries say must not bring secrets into it.
  const failure = source.failure && context.log.redact(source.failure);
  // A name that Terraform has not kept yet may be another one at the next look.
  if (memory.owner !== undefined) claimTags(tagsOf(state, memory), memory.owner, provider, context);
  const owner = memory.owner ?? newOwner();
  return { state: next, private: writeMemory({ ...memory, ...source, failure, owner }) };
}

/**
 * Whether a destination without its tag still has the image, or an earlier one, by digest. Then the resource is not gone:
 * the next apply puts the tag back, the next destroy finishes the one that was killed after it had removed the tag, and
 * the tags of earlier digests, which nobody else knows, are not forgotten.
 */
async function isPartLeft(
  state: ObjectValue,
  memory: Memory,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<boolean> {
  const repository = { ...parseReference(text(state, "destination") ?? ""), tag: undefined };
  const there = await Promise.all(
    topDigests(state, memory).map(async (digest) => {
      try {
        await engine.inspect({ ...repository, digest }, { side: "destination", signal });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    }),
  );
  return there.includes(true);
}

/** What somebody has put there that cannot be read as an image, so that nothing below it can be looked at. */
const unreadable: ReadonlySet<ErrorCode> = new Set(["manifest-invalid", "unsupported-media-type", "limit"]);

async function lookAtDestination(
  state: ObjectValue,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Inspection | undefined> {
  const named = parseReference(text(state, "destination") ?? "");
  // Where a tag is written, the tag is looked at; that the digest beside it exists says nothing of the tag.
  const destination = named.tag === undefined ? named : { ...named, digest: undefined };
  const side = "destination";
  try {
    return await engine.inspect(destination, { depth: depthIn(state), side, signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!(error instanceof ImagesyncError) || !unreadable.has(error.code)) throw error;
    const found = await engine.inspect(destination, { depth: "tag", side, signal });
    if (found.digest === digestIn(text(state, "id"))) throw error;
    return { ...found, missing: { manifests: [found.digest], blobs: [] } };
  }
}

/**
 * Any failure of the source is remembered, not raised: the mirror exists, and what to do is the plan's decision. That
 * goes for a source that does not answer until the deadline too, but not for the user's stop.
 */
async function lookAtSource(
  state: ObjectValue,
  memory: Memory,
  provider: Configured,
  until: { readonly deadline: AbortSignal; readonly stop: AbortSignal },
): Promise<Pick<Memory, "resolved" | "failure">> {
  const question = questionOf(state);
  const source = text(state, "source");
  if (
    question === undefined ||
    source === undefined ||
    memory.pinned === true ||
    parseReference(source).digest !== undefined
  ) {
    return { resolved: memory.resolved, failure: undefined };
  }
  try {
    return { resolved: await resolve(state, memory, question, source, provider, until.deadline), failure: undefined };
  } catch (error) {
    if (until.stop.aborted || !(error instanceof ImagesyncError)) throw error;
    const kept = memory.resolved?.question === question ? memory.resolved : undefined;
    return { resolved: kept, failure: `${error.message}.` };
  }
}

async function resolve(
  state: ObjectValue,
  memory: Memory,
  question: string,
  source: string,
  provider: Configured,
  signal: AbortSignal,
): Promise<Resolved> {
  const { sourceDigest, digest } = await provider.engine.resolve(parseReference(source), { side: "source", signal });
  const copied = ownDigest(state, memory);
  if (sourceDigest === text(state, "source_digest") && copied !== undefined)
    return { question, sourceDigest, digest: copied };
  if (texts(state, "platforms").length === 0) return { question, sourceDigest, digest };
  return await resolveSource(objectValue({ ...state, required_platforms: null }), sourceDigest, provider, signal);
}

/** What the destination shows. The `id` names what was copied and does not follow whoever overwrites the tag. */
async function stateOf(
  found: Inspection,
  state: ObjectValue,
  resolved: Resolved | undefined,
  provider: Configured,
  signal: AbortSignal,
): Promise<ObjectValue> {
  const destination = text(state, "destination") ?? "";
  const own = digestIn(text(state, "id")) ?? found.digest;
  const sourceDigest =
    text(state, "source_digest") ?? (resolved?.digest === found.digest ? resolved.sourceDigest : undefined);
  const known = state["media_type"] !== null && state["platform_digests"] !== null;
  return objectValue({
    id: state["id"] ?? pinned(parseReference(destination), own),
    tagged_ref: state["tagged_ref"] ?? taggedReference(destination, own),
    source_digest: sourceDigest !== undefined && isDigest(sourceDigest) ? sourceDigest : null,
    destination_digest: found.digest,
    complete: found.missing.manifests.length + found.missing.blobs.length === 0,
    ...(known || own !== found.digest ? {} : await describeImage(destination, own, provider, signal)),
  });
}

/** Media type and platforms of the image at the destination; null when part of it is missing, a later refresh tries again. */
export async function describeImage(
  destination: string,
  digest: Digest,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<{ media_type: string | null; platform_digests: ReadonlyMap<string, string> | null }> {
  const reference = { ...parseReference(destination), tag: undefined, digest };
  try {
    const image = await engine.inspect(reference, { platforms: true, side: "destination", signal });
    return { media_type: image.mediaType, platform_digests: image.platforms ?? new Map() };
  } catch (error) {
    if (isNotFound(error)) return { media_type: null, platform_digests: null };
    throw error;
  }
}
