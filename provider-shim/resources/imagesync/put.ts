import {
  atDigest,
  type Digest,
  type EngineEvent,
  formatReference,
  ImagesyncError,
  parseReference,
  type Plan,
  type PlanItem,
  type Rule,
  tagOrLatest,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { logEvent } from "../../event-log.ts";
import type { Context } from "../../protocol/resource.ts";
import { errorOf } from "../../plan-failure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { onConflictOf } from "./conflict.ts";
import type { Resolved } from "./memory.ts";
import { depthIn, digestIn, platformsIn, text, texts } from "./state.ts";

/**
 * Puts the image where the plan says, its additional tags and what refers to it.
 * @param ours Digests that the resource has put there before, which a tag may be moved on from.
 * @returns what the destination's tag holds then: with `on_conflict = "keep"` perhaps an image of somebody else, if the
 * plan could not promise any.
 * @throws the first failure; `conflict` before anything is written where a tag must not be moved.
 */
export async function putImage(
  planned: ObjectValue,
  { sourceDigest, digest }: Resolved,
  ours: readonly Digest[],
  { engine }: Configured,
  context: Context,
  signal: AbortSignal,
): Promise<Digest> {
  const promised = digestIn(text(planned, "id"));
  const destination = parseReference(text(planned, "destination") ?? "");
  const plan = await planWithReferrers(
    {
      source: atDigest(parseReference(text(planned, "source") ?? ""), sourceDigest),
      destination,
      digest,
      additionalTags: texts(planned, "additional_tags"),
      policy: {
        platforms: platformsIn(planned, "platforms"),
        requiredPlatforms: platformsIn(planned, "required_platforms"),
        integrity: depthIn(planned),
        createRepository: planned["create_repository"] !== false,
        onConflict: onConflictOf(planned),
        ours,
        referrers: planned["referrers"] === false ? undefined : {},
      },
    },
    engine,
    context,
    signal,
  );
  const image = imageItem(plan, tagOrLatest(destination));
  checkPlan(plan, image, promised ?? digest, promised !== undefined);
  for (const warning of plan.warnings ?? []) context.diagnostics.warning("Not all of it applies", `${warning}.`);
  const report = await engine.apply(plan, { signal, onEvent: (event) => tell(event, context) });
  const failed = report.items.find(({ error }) => error !== undefined);
  if (failed?.error) throw failed.error.with({ hint: hintFor(failed.error, failed.item, planned) });
  for (const { item, outcome, reason = item.reason, blobs, bytes } of report.items) {
    const isLate = outcome === "unchanged" && item.action !== "skip";
    if (isLate && samePlace(item, image)) throw conflictAt({ ...item, reason }, planAgain);
    const isKept = outcome === "unchanged" && item.subject === undefined && item.digest !== digest;
    if (isLate || isKept) tellKept({ ...item, reason }, context);
    context.log.info("Image is in place", {
      destination: formatReference(item.destination),
      digest: item.digest,
      action: item.action,
      bytes,
      ...blobs,
    });
  }
  return image.digest;
}

/**
 * The engine's plan. Where the source cannot be asked for what belongs to the image, the image is mended all the same if
 * it needs nothing from there.
 */
async function planWithReferrers(
  rule: Rule,
  engine: Configured["engine"],
  { diagnostics }: Context,
  signal: AbortSignal,
): Promise<Plan> {
  try {
    return await engine.plan(rule, { signal });
  } catch (error) {
    const isSources = error instanceof ImagesyncError && error.side === "source" && !signal.aborted;
    if (!isSources || rule.policy?.referrers === undefined) throw error;
    const plan = await engine.plan({ ...rule, policy: { ...rule.policy, referrers: undefined } }, { signal });
    if (plan.items.some(({ action }) => action === "copy" || action === "repair")) throw error;
    const detail = `${error.message}. Signatures and what else belongs to the image stay as they are at the destination.`;
    diagnostics.warning("Source unavailable for signatures", detail);
    return plan;
  }
}

/** The item of the image itself, which others follow. */
function imageItem(plan: Plan, tag: string | undefined): PlanItem {
  const found = plan.items.find((item) => item.subject === undefined && tagOrLatest(item.destination) === tag);
  if (found) return found;
  throw new ImagesyncError({ code: "internal", operation: "plan a copy", message: "The plan has no image" });
}

/** What the plan of the engine must not say, seen before anything is written. */
function checkPlan(plan: Plan, image: PlanItem, wanted: Digest, isPromised: boolean): void {
  const [failure] = plan.failures ?? [];
  if (failure) throw errorOf(failure);
  const conflict = plan.items.find(({ action }) => action === "conflict");
  if (conflict) throw conflictAt(conflict, 'Remove that tag, or set on_conflict to "overwrite" or "keep"');
  if (image.digest !== wanted && isPromised) throw conflictAt(image, planAgain);
}

const planAgain = "It has come there since the plan: plan again";

function samePlace(one: PlanItem, other: PlanItem): boolean {
  return formatReference(one.destination) === formatReference(other.destination);
}

function conflictAt({ destination, reason }: PlanItem, hint: string): ImagesyncError {
  const reference = formatReference(destination);
  return new ImagesyncError({
    code: "conflict",
    operation: "copy",
    side: "destination",
    reference,
    message: `Cannot put the image at ${reference}: ${reason}`,
    hint,
  });
}

function tellKept({ destination, reason }: PlanItem, { diagnostics }: Context): void {
  diagnostics.warning("Existing image kept", `${formatReference(destination)} is left alone: ${reason}.`);
}

const createIt =
  "Create the repository at the registry, or let it be created at Amazon ECR: remove create_repository = false";

function hintFor(error: ImagesyncError, item: PlanItem, planned: ObjectValue): string | undefined {
  if (item.subject !== undefined) return "Set referrers = false to copy the image without what belongs to it";
  return isRepositoryMissing(error, planned) ? createIt : undefined;
}

function isRepositoryMissing({ code, side, registryCode }: ImagesyncError, planned: ObjectValue): boolean {
  const missing = code === "not-found" && side === "destination" && registryCode === "NAME_UNKNOWN";
  return missing && planned["create_repository"] === false;
}

/** What the copy of this image tells; what its requests run into belongs to all who share them, and is logged once. */
function tell(event: EngineEvent, { log, diagnostics }: Context): void {
  if (event.kind === "warning" && event.about === "left-out") {
    diagnostics.warning("Part of the image was left out", `${event.message}.`);
  } else {
    logEvent(event, log);
  }
}
