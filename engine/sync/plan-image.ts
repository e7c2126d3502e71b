import { type CopyDecision, planCopy } from "../copy/plan.ts";
import { ImagesyncError } from "../errors.ts";
import { atDigest, formatReference, tagOrLatest } from "../oci/reference.ts";
import { planAdditionalTags } from "./additional-tags.ts";
import type { DestinationTags } from "./destination-tags.ts";
import type { Ends, Plan, PlanItem } from "./plan.ts";
import { type CompanionPlanOptions, planCompanions } from "./plan-companions.ts";
import { guardOf, judgeReplacement } from "./replacement.ts";
import type { Rule } from "./rule.ts";

export interface ImagePlanOptions extends CompanionPlanOptions {
  /** What tells what the destination's tags hold, where the image is one of a set. */
  readonly destinationTags?: DestinationTags | undefined;
}

/**
 * Turns a rule for one image into what is to be done: the image first, then what follows it. Reads only.
 * @throws `conflict` when another digest is wanted than the source gives, and what keeps either end from answering.
 */
export async function planImage(rule: Rule, ends: Ends, options: ImagePlanOptions): Promise<Plan> {
  const { policy = {} } = rule;
  const { destinationTags } = options;
  const { tag } = rule.destination;
  const { platforms = [], requiredPlatforms = [], integrity = "tag" } = policy;
  let kept = false;
  const decision = await planCopy(
    {
      ...ends,
      sourceReference: rule.source,
      destinationReference: rule.destination,
      expectedDigest: rule.digest,
      platforms,
      requiredPlatforms,
      depth: integrity,
      findCurrent:
        tag === undefined || destinationTags === undefined
          ? undefined
          : (finding) => destinationTags.find(tag, finding),
      judge: async (replacement) => {
        const refusal = await judgeReplacement(policy, replacement, ends, options);
        kept = refusal?.action === "skip";
        return refusal;
      },
    },
    options,
  );
  // What is kept has another digest than what is not put there.
  if (!kept) checkDigest(rule, decision);
  const image = itemOf(rule, decision);
  const items = [image, ...(await planAdditionalTags(rule, { image, kept }, ends, options))];
  // What is not put there needs nothing that belongs to it.
  if (policy.referrers === undefined || kept || image.action === "conflict") return { items };
  const companions = await planCompanions(rule, image, items.length, ends, options);
  return { ...companions, items: [...items, ...companions.items] };
}

function itemOf(rule: Rule, { sourceDigest, subset, ...decision }: CopyDecision): PlanItem {
  const { integrity = "tag", createRepository } = rule.policy ?? {};
  const writesTag =
    tagOrLatest(rule.destination) !== undefined && decision.action !== "skip" && decision.action !== "conflict";
  const guarded = writesTag ? guardOf(rule.policy ?? {}) : undefined;
  return {
    source: {
      ...atDigest(rule.source, sourceDigest),
      ...(rule.source.tag === undefined ? {} : { tag: rule.source.tag }),
    },
    destination: rule.destination,
    ...decision,
    ...(guarded === undefined ? {} : { guarded }),
    ...(integrity === "blobs" ? { thorough: true } : {}),
    ...(createRepository === undefined ? {} : { createRepository }),
    ...(subset ? { subset: { mediaType: subset.mediaType, text: new TextDecoder().decode(subset.bytes) } } : {}),
  };
}

function checkDigest({ source, destination, digest }: Rule, decision: CopyDecision): void {
  const named = [digest, destination.digest].find((one) => one !== undefined && one !== decision.digest);
  if (named === undefined) return;
  throw new ImagesyncError({
    code: "conflict",
    operation: "plan a copy",
    side: "destination",
    reference: formatReference(destination),
    message: `Cannot plan the copy: ${named} is wanted at the destination, but ${formatReference(source)} is ${decision.digest}`,
    hint: "Write the destination with a tag, or with the digest of the source",
  });
}
