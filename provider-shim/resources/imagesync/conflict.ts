import { type Digest, type Engine, parseReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { digestAt } from "./digest-at.ts";
import { type Memory, readMemory, topDigests } from "./memory.ts";
import { canonicalText } from "./source.ts";
import { defaults, destinationTag, digestIn, text, texts, unknown } from "./state.ts";

/** What becomes of a destination's tag that holds an image which the resource has not put there. */
export type OnConflict = "overwrite" | "keep" | "fail";

/** Every {@link OnConflict}, in the order in which they are explained. */
export const onConflictChoices: readonly OnConflict[] = ["overwrite", "keep", "fail"];

/** The choice of a plan or a state that validation has let pass. */
export function onConflictOf(value: ObjectValue): OnConflict {
  const chosen = text(value, "on_conflict");
  return onConflictChoices.find((choice) => choice === chosen) ?? defaults.on_conflict;
}

/** Whether a plan or a state is about an image that the resource has found at its destination, and keeps there. */
export function isKept(value: ObjectValue, { foreign = [] }: Memory): boolean {
  const digest = digestIn(text(value, "id"));
  return digest !== undefined && onConflictOf(value) === "keep" && foreign.includes(digest);
}

/** What resources that this process has read, or has planned to change, have put at their destinations. */
const standing = new WeakMap<Engine, Map<string, readonly Digest[]>>();

/** Notes what a resource has put at its destination, for the plan of its replacement, which knows nothing of it. */
export function noteOurs(state: ObjectValue, memory: Memory, { engine }: Configured): void {
  const place = canonicalText(text(state, "destination") ?? "");
  const places = standing.get(engine) ?? new Map<string, readonly Digest[]>();
  standing.set(engine, places);
  if (place !== undefined) places.set(place, topDigests(state, memory));
}

/**
 * What a new resource finds at its destination of one that it most likely takes the place of. Most replacements remove
 * that first; one that does not will find it at apply, and is refused then.
 */
export function replacedBy(value: ObjectValue, { provider }: PlanRequest): readonly Digest[] {
  const place = canonicalText(text(value, "destination") ?? "");
  const places = provider && standing.get(provider.engine);
  return (place !== undefined && places?.get(place)) || [];
}

/** What a plan has found at the destination. */
export type Found =
  /** Nothing that stands in the way. */
  | { readonly kind: "free" }
  /** An image of somebody else, which stays. */
  | { readonly kind: "kept"; readonly digest: Digest }
  /** Nobody can tell before apply. */
  | { readonly kind: "unsettled" };

type PlanRequest = Parameters<ResourceDefinition<Configured>["plan"]>[0];

/**
 * Looks whether the destination's tag may get the digest, and the additional tags too. What an earlier refresh has seen is
 * in the state; a new destination is asked. A conflict that must fail is one of the diagnostics.
 */
export async function findConflict(
  value: ObjectValue,
  digest: Digest,
  memory: Memory,
  request: PlanRequest,
  context: Context,
): Promise<Found> {
  const onConflict = onConflictOf(value);
  const { prior, provider } = request;
  const isUndecided = unknown(value, "on_conflict");
  if (onConflict === "overwrite" && !isUndecided) return { kind: "free" };
  const isNew = prior === null || prior["destination"] !== value["destination"];
  if (isNew && (!provider || provider.unknown)) return { kind: "unsettled" };
  const ours = [digest, ...(isNew ? [] : topDigests(prior, memory))];
  const held = isNew ? await heldByNew(value, request, context) : digestIn(text(prior, "destination_digest"));
  const replaced = isNew ? replacedBy(value, request) : [];
  if (onConflict === "fail") {
    await refuseAdditional(value, isNew ? null : prior, [...ours, ...replaced], request, context);
  }
  if (held === undefined || ours.includes(held)) return { kind: "free" };
  if (isUndecided || replaced.includes(held)) return { kind: "unsettled" };
  const destination = text(value, "destination") ?? "";
  const facts = `${destination} holds ${held}, which this resource has not put there; the source has ${digest}.`;
  if (onConflict === "fail") {
    const detail = `${facts} Remove that tag, write another destination, or set on_conflict to "overwrite" or "keep".`;
    context.diagnostics.error("Destination holds another image", detail, attributePath("destination"));
    return { kind: "free" };
  }
  const detail = `${facts} It stays, as on_conflict = "keep" says, and "id" names it.`;
  context.diagnostics.warning("Existing image kept", detail, attributePath("destination"));
  return { kind: "kept", digest: held };
}

/** What the tag of a new destination holds; where Terraform has kept what the first plan has found, that. */
async function heldByNew(
  value: ObjectValue,
  { provider, plannedPrivate }: PlanRequest,
  context: Context,
): Promise<Digest | undefined> {
  if (plannedPrivate !== undefined) return readMemory(plannedPrivate).foreign?.[0];
  const signal = deadline(value["timeouts"], "read", context.signal);
  return provider && (await digestAt(destinationTag(text(value, "destination") ?? ""), provider, signal));
}

/** A conflict of an additional tag that is new is an error here, before anything is written. */
async function refuseAdditional(
  value: ObjectValue,
  prior: ObjectValue | null,
  ours: readonly Digest[],
  { provider }: PlanRequest,
  context: Context,
): Promise<void> {
  if (!provider || provider.unknown || unknown(value, "additional_tags")) return;
  const signal = deadline(value["timeouts"], "read", context.signal);
  // Among those of a state that keeps what it finds can be somebody else's.
  const settled = prior && onConflictOf(prior) !== "keep" ? texts(prior, "additional_tags") : [];
  const fresh = texts(value, "additional_tags").filter((tag) => !settled.includes(tag));
  const destination = parseReference(text(value, "destination") ?? "");
  await Promise.all(
    fresh.map(async (tag) => {
      const held = await digestAt({ ...destination, tag }, provider, signal);
      if (held === undefined || ours.includes(held)) return;
      const detail = `${destination.spelled}:${tag} holds ${held}, which this resource has not put there; the image is ${ours[0]}. Remove that tag, or leave it out of additional_tags, or set on_conflict to "overwrite" or "keep".`;
      context.diagnostics.error("Additional tag holds another image", detail, attributePath("additional_tags"));
    }),
  );
}
