import { inLanes } from "../concurrency/lanes.ts";
import { ImagesyncError } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import { isTag, tagGrammar, tagOrLatest } from "../oci/reference.ts";
import type { Ends, PlanItem } from "./plan.ts";
import { guardOf, judgeReplacement } from "./replacement.ts";
import type { Rule } from "./rule.ts";

/** How many tags of one image are asked for at the same time. */
const parallelTags = 16;

/** The first item of a plan, and whether the destination keeps something else in its place. */
export interface PlannedImage {
  readonly image: PlanItem;
  readonly kept: boolean;
}

/**
 * More tags for the image of a rule: each follows it, and is subject to the same policy of what may be replaced.
 * @throws `config` for what is no tag.
 */
export async function planAdditionalTags(
  { destination, additionalTags = [], policy = {} }: Rule,
  { image, kept }: PlannedImage,
  ends: Ends,
  options: ReadOptions,
): Promise<PlanItem[]> {
  const tags = new Set(additionalTags);
  for (const tag of tags) {
    if (!isTag(tag)) throw notATag(tag);
  }
  const own = tagOrLatest(destination);
  if (own !== undefined) tags.delete(own);
  const { source, digest, createRepository, subset, thorough } = image;
  return await inLanes([...tags], parallelTags, async (tag): Promise<PlanItem> => {
    const { registry, repository, spelled } = destination;
    const common = { source, destination: { registry, repository, spelled, tag }, digest, bytes: 0 };
    if (kept) return { ...common, action: "skip", reason: `the image is not put there: ${image.reason}` };
    const current = await ends.destination.manifests.find(tag, { signal: options.signal });
    const now = current === undefined ? common : { ...common, currentDigest: current.digest };
    if (current?.digest === digest) return { ...now, action: "skip", reason: "in place" };
    const read = async (): ReturnType<ReadOptions["cache"]["get"]> =>
      await options.cache.get(ends.source, source.digest ?? digest, options.signal);
    const refusal =
      current && (await judgeReplacement(policy, { currentDigest: current.digest, digest, read }, ends, options));
    if (refusal?.action === "skip") return { ...now, ...refusal, digest: current?.digest ?? digest };
    if (refusal) return { ...now, ...refusal };
    const reason = current ? `the tag holds ${current.digest}` : "the destination does not have the tag";
    const guarded = guardOf(policy);
    return {
      ...now,
      action: "tag",
      reason,
      follows: 0,
      ...(guarded === undefined ? {} : { guarded }),
      ...(thorough === undefined ? {} : { thorough }),
      ...(createRepository === undefined ? {} : { createRepository }),
      ...(subset === undefined ? {} : { subset }),
    };
  });
}

function notATag(tag: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "plan a copy",
    message: `Cannot plan the copy: ${JSON.stringify(tag)} of the additional tags is no tag`,
    hint: tagGrammar,
  });
}
