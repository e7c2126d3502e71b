import type { Refusal, Replacement } from "../copy/plan.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import { imageIdAt, imageIdOf } from "./image-id.ts";
import type { Ends, PlanItem } from "./plan.ts";
import type { Policy } from "./rule.ts";

/**
 * Whether a tag that holds something else may be moved; undefined when it may. Where tags are never replaced nothing
 * more is asked; images that are the same by their ID are no conflict; then it counts who has put what is there.
 */
export async function judgeReplacement(
  policy: Policy,
  { currentDigest, digest, read }: Replacement,
  { source, destination }: Ends,
  options: ReadOptions,
): Promise<Refusal | undefined> {
  const { onConflict = "overwrite", ours = [], replaceTags = true, sameImage = "digest" } = policy;
  const held = `the tag holds ${currentDigest}`;
  if (!replaceTags) return { action: "skip", reason: `${held}, and tags are not replaced` };
  if (sameImage === "image-id") {
    const id = await imageIdOf(source, await read(), options);
    if (id !== undefined && id === (await imageIdAt(destination, currentDigest, options))) {
      return { action: "skip", reason: `${held}, the same image by its ID ${id}` };
    }
  }
  if (onConflict === "overwrite" || ours.includes(currentDigest)) return undefined;
  if (onConflict === "keep") return { action: "skip", reason: `${held} and is kept; the source has ${digest}` };
  return { action: "conflict", reason: `${held} and must not be replaced; the source has ${digest}` };
}

/** What a write must find at its tag, where the plan was made for what the tag held and must not hit anything else. */
export function guardOf({ onConflict = "overwrite", replaceTags = true }: Policy): PlanItem["guarded"] {
  if (!replaceTags) return "keep";
  return onConflict === "overwrite" ? undefined : onConflict;
}
