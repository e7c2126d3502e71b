import { formatReference, ImagesyncError } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { describeError } from "../../describe-error.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { isUnknown, objectValue, type ObjectValue, UNKNOWN, type Value } from "../../protocol/value.ts";
import { isSelectionUnknown, validateSelection } from "../../selection.ts";
import { deadline } from "../../timeouts.ts";
import { text, unknown } from "../imagesync/state.ts";
import { dropped, guardOf, isGuardUnknown } from "./deletions.ts";
import { lookAtTags } from "./destination.ts";
import { failureText } from "./failures.ts";
import { foretell, foretellConflicts } from "./foretell.ts";
import { type Memory, noMemory, readMemory, type Wanted, writeMemory } from "./memory.ts";
import { memoryOf } from "./read.ts";
import { checkReplacement } from "./replacement.ts";
import { askSource, canonicalRepository, questionOf } from "./source.ts";
import { noteStanding, notedStanding } from "./standing.ts";
import { defaults, describeImages, imagesIn, repositoryIn } from "./state.ts";

type PlanRequest = Parameters<ResourceDefinition<Configured>["plan"]>[0];
type PlanAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["plan"]>>;

/** What a plan goes by. */
interface Basis {
  readonly wanted: Wanted;
  /** What is known of the destination. */
  readonly memory: Memory;
}

/**
 * Shows what apply will do, tag by tag, wherever that can be known. Terraform asks twice, in two processes, and refuses
 * the apply if the answers differ; tags appear and move all the time, so that only a memory is good for both answers:
 * where there is none, `images` are unknown until apply.
 */
export async function planRepository(request: PlanRequest, context: Context): Promise<PlanAnswer> {
  const { prior, proposed, config, provider } = request;
  if (proposed === null || config === null) return { planned: null };
  const planned: Record<string, Value> = { ...proposed };
  for (const [attribute, value] of Object.entries(defaults)) if (config[attribute] === null) planned[attribute] = value;
  if (config["platforms"] === null) planned["platforms"] = provider?.defaultPlatforms ?? null;
  keepSpelling("source", planned, prior);
  keepSpelling("destination", planned, prior);
  const value = objectValue(planned);
  // What was not known when the configuration was checked is known now.
  validateSelection(config, context);
  const memory = prior ? memoryOf(prior, request.private) : memoryOfNew(value, request);
  // For the plan of the create, where Terraform finds, or is told, that this has to be replaced.
  if (prior && provider && memory.ours.size > 0) noteStanding(prior, memory, provider);
  const isReplaced = prior !== null && prior["destination"] !== value["destination"];
  await checkReplacement(value, memory, request, context);
  const basis = context.diagnostics.hasErrors ? undefined : await basisOf(value, memory, isReplaced, request, context);
  if (context.diagnostics.hasErrors) return { planned: prior };

  planned["id"] = isUnknown(value["destination"]) ? UNKNOWN : formatReference(repositoryIn(value, "destination"));
  const current = isReplaced ? new Map() : imagesIn(prior);
  const images = basis && foretell(value, basis.wanted, basis.memory, current);
  const conflicts = basis ? foretellConflicts(value, basis.wanted, basis.memory, current) : [];
  if (conflicts.length > 0) {
    const detail = `${failureText(conflicts)}\n\nThe apply fails for them, as on_conflict = "fail" says, and brings the others.`;
    context.diagnostics.warning("Destination holds other images", detail, attributePath("images"));
  }
  Object.assign(planned, images ? describeImages(value, images) : { images: UNKNOWN, highest: UNKNOWN });
  if (images && !isReplaced && !isGuardUnknown(value)) checkDrops(value, memory, [...images.keys()], context);
  return {
    planned: objectValue(planned),
    requiresReplace: isReplaced ? [attributePath("destination")] : [],
    private: writeMemory({
      ...memory,
      wanted: basis?.wanted,
      ...(basis ? { occupied: basis.memory.occupied } : {}),
      failure: undefined,
      empty: undefined,
      creating: prior === null && request.private.byteLength === 0,
      place: memory.place ?? canonicalRepository(text(value, "destination")),
    }),
  };
}

/** A create knows nothing, or what Terraform has kept of what it replaces, or what this process has seen of that. */
function memoryOfNew(value: ObjectValue, { private: bytes, provider }: PlanRequest): Memory {
  if (bytes.byteLength > 0 || provider === undefined) return readMemory(bytes);
  return { ...noMemory, ours: notedStanding(value, provider)?.ours ?? noMemory.ours };
}

/** Spellings of the same thing make no difference: Terraform lets a plan keep the prior one. */
function keepSpelling(attribute: string, planned: Record<string, Value>, prior: ObjectValue | null): void {
  const before = prior?.[attribute];
  const now = planned[attribute];
  if (typeof before !== "string" || typeof now !== "string") return;
  const canonical = canonicalRepository(now);
  if (canonical !== undefined && canonical === canonicalRepository(before)) planned[attribute] = before;
}

/**
 * The images that apply will bring, or undefined while that cannot be known. In this order: what the first plan of this
 * run has answered (Terraform >= 1.16 hands it back); what the last refresh was told, when the question is still the
 * same; what the source says now, where this answer will be handed back.
 */
async function basisOf(
  value: ObjectValue,
  memory: Memory,
  isReplaced: boolean,
  request: PlanRequest,
  context: Context,
): Promise<Basis | undefined> {
  const { config, provider, plannedPrivate, storePlannedPrivate } = request;
  // The last two say whether an image that is there stays.
  const asked = ["source", "destination", "platforms", "on_conflict", "replace_tag"];
  if (config === null || isSelectionUnknown(config) || asked.some((name) => unknown(value, name))) return undefined;
  const question = questionOf(value);
  const answered = readMemory(plannedPrivate);
  if (answered.wanted?.question === question && answered.wanted) return { wanted: answered.wanted, memory: answered };
  // What another source or selection has failed with is no reason: it may be why there is a new one.
  const isSame = request.prior !== null && questionOf(request.prior) === question;
  if (isSame && memory.empty === true && !isReplaced) {
    if (isGuardUnknown(value)) return undefined;
    if (guardOf(value)?.allowEmptySource === true)
      return { wanted: { question: question ?? "", images: new Map() }, memory };
  }
  if (isSame && memory.failure !== undefined && value["on_source_unavailable"] === "fail") {
    context.diagnostics.error("Source unavailable", memory.failure, attributePath("source"));
    return undefined;
  }
  // A replacement is planned by the memory of what it replaces, but during apply without any. And at another destination
  // nothing is known of what is there.
  const isNew = request.prior === null || isReplaced;
  if (!isNew && memory.wanted?.question === question && memory.wanted) return { wanted: memory.wanted, memory };
  const isAskable = provider !== undefined && !provider.unknown && provider.resolveAtPlan;
  if (!isAskable || !storePlannedPrivate) return undefined;
  // What Terraform has kept is of what is removed first; what is noted here stays for the create.
  const isForgotten = isReplaced || (isNew && request.private.byteLength > 0);
  return await ask(value, isForgotten ? noMemory : memory, provider, context);
}

async function ask(
  value: ObjectValue,
  memory: Memory,
  provider: Configured,
  context: Context,
): Promise<Basis | undefined> {
  const signal = deadline(value["timeouts"], "read", context.signal);
  try {
    const { wanted, failures } = await askSource(value, memory, provider, signal);
    if (failures.length > 0) {
      context.diagnostics.error("Images not available", failureText(failures), attributePath("source"));
      return undefined;
    }
    const others = [...wanted.images.keys()].filter((tag) => !memory.ours.has(tag));
    return { wanted, memory: { ...memory, occupied: await lookAtTags(value, others, provider, signal) } };
  } catch (error) {
    const described = describeError(error, attributePath("source"));
    if (!described || context.signal.aborted) throw error;
    context.diagnostics.add(described);
    return undefined;
  }
}

/** More removals than the guard allows are refused before anything is done. */
function checkDrops(value: ObjectValue, memory: Memory, wanted: readonly string[], { diagnostics }: Context): void {
  try {
    dropped(value, [...memory.ours.keys()], wanted);
  } catch (error) {
    const described = error instanceof ImagesyncError && describeError(error, attributePath("deletions"));
    if (!described) throw error;
    diagnostics.add(described);
  }
}
