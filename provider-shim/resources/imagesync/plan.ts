import { type Digest, formatReference, isDigest, parseReference, pinned, tagOrLatest } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { describeError } from "../../describe-error.ts";
import { type AttributePath, attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue, UNKNOWN, type Value } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { tagsEverPut, tagsOf } from "./additional-tags.ts";
import { findConflict, type Found, isKept, noteOurs, replacedBy } from "./conflict.ts";
import { type Memory, noMemory, readMemory, type Resolved, writeMemory } from "./memory.ts";
import { canonicalText, questionOf, resolveSource } from "./source.ts";
import { defaults, digestIn, text, texts, unknown } from "./state.ts";
import { claimTags, newOwner } from "../tag-owners.ts";

type PlanRequest = Parameters<ResourceDefinition<Configured>["plan"]>[0];
type PlanAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["plan"]>>;

/** What the tag held before, and holds now: more is of no interest. */
const maxForeign = 2;

/** What the copy decides; unknown until it is known which digest will be there. */
const computed = [
  "id",
  "source_digest",
  "destination_digest",
  "complete",
  "tagged_ref",
  "media_type",
  "platform_digests",
];

/**
 * Shows what apply will do, with the final digest wherever it can be known. Terraform asks twice, in two processes, and
 * refuses the apply if the answers differ; {@link wantedDigest} says where a digest comes from so that they don't.
 */
export async function planImagesync(request: PlanRequest, context: Context): Promise<PlanAnswer> {
  const { prior, proposed, config } = request;
  if (proposed === null || config === null) return { planned: null };
  const planned: Record<string, Value> = { ...proposed };
  for (const [attribute, value] of Object.entries(defaults)) if (config[attribute] === null) planned[attribute] = value;
  if (config["platforms"] === null) planned["platforms"] = request.provider?.defaultPlatforms ?? null;
  keepSpelling("source", planned, prior);
  keepSpelling("destination", planned, prior);
  const value = objectValue(planned);

  const memory = readMemory(request.private);
  if (prior && request.provider) noteOurs(prior, memory, request.provider);
  const wanted = await wantedDigest(value, memory, request, context);
  if (takesPlace(value, request)) await checkSourceHas(value, request, context);
  const found = wanted && (await findConflict(value, wanted.digest, memory, request, context));
  if (context.diagnostics.hasErrors) return { planned: prior };
  for (const attribute of computed) planned[attribute] = UNKNOWN;
  const configured = config["source_digest"];
  if (wanted || typeof configured === "string")
    planned["source_digest"] = wanted?.sourceDigest ?? configured ?? UNKNOWN;
  const isNew = prior === null || moved(prior, planned);
  if (wanted && found && found.kind !== "unsettled" && typeof planned["destination"] === "string") {
    checkDestinationDigest(planned["destination"], wanted.digest, context);
    foretell(planned, planned["destination"], wanted.digest, found, prior);
  }
  const foreign = isNew ? [] : (memory.foreign ?? []);
  const areTagsKnown = !unknown(value, "destination") && !unknown(value, "additional_tags");
  if (prior === null && request.provider && areTagsKnown && found?.kind !== "kept") {
    // A walk plans each new object once.
    claimTags(tagsOf(value, noMemory), newOwner(), request.provider, context, "to come");
  }
  const next = {
    ...memory,
    resolved: wanted,
    failure: undefined,
    pinned: typeof configured === "string",
    // What a replacement leaves behind is looked after by the memory of the old object.
    tags: tagsEverPut(value, isNew ? [] : tagsEverPut(prior, memory.tags)),
    foreign: found?.kind === "kept" ? [...new Set([found.digest, ...foreign])].slice(0, maxForeign) : foreign,
  };
  return {
    planned: objectValue(planned),
    requiresReplace: prior && moved(prior, planned) ? [attributePath("destination")] : [],
    private: writeMemory(next),
  };
}

/** Spellings of the same thing make no difference: Terraform lets a plan keep the prior one. */
function keepSpelling(attribute: string, planned: Record<string, Value>, prior: ObjectValue | null): void {
  const before = prior?.[attribute];
  const now = planned[attribute];
  if (typeof before === "string" && typeof now === "string" && sameReference(before, now)) planned[attribute] = before;
}

function sameReference(a: string, b: string): boolean {
  if (a === b) return true;
  const canonical = canonicalText(a);
  return canonical !== undefined && canonical === canonicalText(b);
}

function moved(prior: ObjectValue, planned: Readonly<Record<string, Value>>): boolean {
  return prior["destination"] !== planned["destination"];
}

/** The computed values that follow from the digest. What only the registry can tell stays as it was, or unknown. */
function foretell(
  planned: Record<string, Value>,
  destination: string,
  wanted: Digest,
  found: Found,
  prior: ObjectValue | null,
): void {
  const digest = found.kind === "kept" ? found.digest : wanted;
  planned["id"] = pinned(parseReference(destination), digest);
  planned["tagged_ref"] = taggedReference(destination, digest);
  planned["destination_digest"] = digest;
  // What is not ours is not repaired either.
  planned["complete"] = found.kind === "kept" ? UNKNOWN : true;
  if (prior && digestIn(text(prior, "id")) === digest && !moved(prior, planned)) {
    const untouched = ["media_type", "platform_digests", ...(found.kind === "kept" ? ["complete"] : [])];
    for (const attribute of untouched) planned[attribute] = prior[attribute] ?? UNKNOWN;
  }
}

function checkDestinationDigest(destination: string, digest: Digest, { diagnostics }: Context): void {
  const named = parseReference(destination).digest;
  if (named === undefined || named === digest) return;
  const detail = `The destination names ${named}, but the source gives ${digest}. Write the destination with a tag alone, or pin the source to the same digest.`;
  diagnostics.error("Destination has another digest", detail, attributePath("destination"));
}

/** `repository:tag@digest`, in the user's spelling. */
export function taggedReference(destination: string, digest: Digest): string {
  const reference = parseReference(destination);
  return formatReference({ ...reference, tag: tagOrLatest(reference), digest });
}

/**
 * The digest that apply will bring, or undefined when it can't be known yet. In this order: what the first plan of this
 * run has answered (Terraform >= 1.16 hands it back); what the configuration pins; what the last refresh has seen, when
 * the source is still the same; what the registry says now.
 */
async function wantedDigest(
  value: ObjectValue,
  memory: Memory,
  request: PlanRequest,
  context: Context,
): Promise<Resolved | undefined> {
  const { prior, config, provider } = request;
  if (config === null || isSourceUnknown(config)) return undefined;
  const question = questionOf(value);
  const pin = pinnedDigest(config);
  const answers = (known: Resolved | undefined): known is Resolved =>
    known !== undefined && known.question === question && (pin === undefined || known.sourceDigest === pin);

  const planned = readMemory(request.plannedPrivate).resolved;
  if (answers(planned)) return planned;
  const inState = stateAsResolved(prior, memory);
  if (memory.pinned === true && pin === undefined) return await askAgain(value, inState, provider, context);
  // What takes the place of an object knows nothing during the apply: it plans best by what can be asked then too.
  const remembered = pin === undefined && memory.resolved && prior !== null ? memory.resolved : inState;
  if (memory.failure !== undefined && pin === undefined && answers(inState)) {
    const removed = `A new destination is copied from the source. Without it the old one would be removed, and none would take its place. Repeat the plan when the source can be asked.`;
    const replaced = prior !== null && moved(prior, value);
    if (replaced || value["on_source_unavailable"] === "fail") {
      const detail = replaced ? `${memory.failure}\n\n${removed}` : memory.failure;
      context.diagnostics.error("Source unavailable", detail, attributePath("source"));
    }
    return inState;
  }
  if (answers(remembered)) return await gate(value, remembered, request, context);
  // By sha256 the copy has the digest of its source; what else it may be only the source can tell.
  const settles = texts(value, "platforms").length + texts(value, "required_platforms").length === 0;
  if (pin?.startsWith("sha256:") === true && settles) {
    return { question: question ?? "", sourceDigest: pin, digest: pin };
  }
  if (!provider || provider.unknown || !provider.resolveAtPlan) return undefined;
  return await ask(value, pin, provider, context);
}

/**
 * Whether this is the plan of a replacement: of another destination, or one that Terraform was told to make, or that
 * another resource brings about. These are planned as an object without changes, and then like a new one; of that only
 * the memory tells what it takes the place of, or what a refresh has seen there.
 */
function takesPlace(value: ObjectValue, request: PlanRequest): boolean {
  if (request.prior !== null) return moved(request.prior, value);
  return request.private.byteLength > 0 || replacedBy(value, request).length > 0;
}

/**
 * A replacement removes the old image before it copies the new one. What is pinned is not asked for at other plans, nor
 * is any tag where plans are to resolve none; here it must be there, or the only copy would be lost.
 */
async function checkSourceHas(value: ObjectValue, { config, provider }: PlanRequest, context: Context): Promise<void> {
  if (config === null || !provider || provider.unknown || context.diagnostics.hasErrors) return;
  if (isSourceUnknown(config)) return;
  const pin = pinnedDigest(config);
  if (pin === undefined && provider.resolveAtPlan) return;
  const signal = deadline(value["timeouts"], "read", context.signal);
  try {
    await resolveSource(value, pin, provider, signal);
  } catch (error) {
    const described = describeError(error, attributePath("source"));
    if (!described || context.signal.aborted) throw error;
    const removed = `A replacement is copied from the source. Without it the old image would be removed, and none would take its place. Repeat the plan when the source has the image.`;
    context.diagnostics.add({ ...described, detail: `${described.detail}\n\n${removed}` });
  }
}

/** Whether part of what decides the digest is not known yet. */
function isSourceUnknown(config: ObjectValue): boolean {
  return ["source", "source_digest", "platforms", "required_platforms"].some((name) => unknown(config, name));
}

/** The digest the configuration itself names. */
function pinnedDigest(config: ObjectValue): Digest | undefined {
  const configured = text(config, "source_digest");
  if (configured !== undefined && isDigest(configured)) return configured;
  const source = text(config, "source");
  return source === undefined ? undefined : parseReference(source).digest;
}

/**
 * What the state says was copied, as an answer to the question it was copied for. Where an image was kept that was there
 * before, nothing was copied; then it is what the source had at that time.
 */
function stateAsResolved(prior: ObjectValue | null, memory: Memory): Resolved | undefined {
  if (prior && isKept(prior, memory)) return memory.resolved;
  const question = prior ? questionOf(prior) : undefined;
  const sourceDigest = prior ? text(prior, "source_digest") : undefined;
  const digest = prior ? digestIn(text(prior, "id")) : undefined;
  if (question === undefined || sourceDigest === undefined || !isDigest(sourceDigest) || digest === undefined)
    return undefined;
  return { question, sourceDigest, digest };
}

/** A remembered digest that is new, or new requirements, must pass the platforms gate before anybody sees it planned. */
async function gate(
  value: ObjectValue,
  remembered: Resolved,
  request: PlanRequest,
  context: Context,
): Promise<Resolved> {
  const { prior, provider } = request;
  const required = texts(value, "required_platforms");
  if (required.length === 0 || !provider || provider.unknown) return remembered;
  const settled = prior && text(prior, "source_digest") === remembered.sourceDigest;
  if (settled && texts(prior, "required_platforms").join() === required.join()) return remembered;
  return (await ask(value, remembered.sourceDigest, provider, context)) ?? remembered;
}

/**
 * A pin was taken away: refreshes have not looked at the source while it was there, so the memory knows nothing of its
 * tag. When the source cannot be asked, the image stays that is mirrored, unless that is to be an error.
 */
async function askAgain(
  value: ObjectValue,
  inState: Resolved | undefined,
  provider: Configured | undefined,
  context: Context,
): Promise<Resolved | undefined> {
  if (!provider || provider.unknown || !provider.resolveAtPlan) return undefined;
  const kept = inState?.question === questionOf(value) ? inState : undefined;
  if (kept === undefined || value["on_source_unavailable"] === "fail")
    return await ask(value, undefined, provider, context);
  try {
    return await resolveSource(value, undefined, provider, deadline(value["timeouts"], "read", context.signal));
  } catch (error) {
    const described = describeError(error, attributePath("source"));
    if (!described || context.signal.aborted) throw error;
    context.diagnostics.warning("Source unavailable, mirror kept", described.detail, attributePath("source"));
    return kept;
  }
}

async function ask(
  value: ObjectValue,
  pin: Digest | undefined,
  provider: Configured,
  context: Context,
): Promise<Resolved | undefined> {
  const path: AttributePath = attributePath("source");
  try {
    const resolved = await resolveSource(value, pin, provider, deadline(value["timeouts"], "read", context.signal));
    context.log.info("Source resolved at plan. If its tag moves before the apply, Terraform refuses that apply", {
      source: text(value, "source"),
      digest: resolved.sourceDigest,
    });
    return resolved;
  } catch (error) {
    const described = describeError(error, path);
    if (!described) throw error;
    context.diagnostics.add(described);
    return undefined;
  }
}
