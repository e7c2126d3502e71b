import { inLanes } from "../concurrency/lanes.ts";
import type { Selection } from "../select/selection.ts";
import { DestinationTags } from "./destination-tags.ts";
import { mergePlans } from "./merge-plans.ts";
import type { Ends, Plan } from "./plan.ts";
import { planDeletions } from "./plan-deletions.ts";
import { planFailure } from "./plan-failure.ts";
import { guardOf } from "./replacement.ts";
import type { Policy, Rule } from "./rule.ts";
import { whyNothing } from "./why-nothing.ts";
import { wantedTags } from "./wanted-tags.ts";

/** How many images are planned at the same time; connections have limits of their own. */
const parallelImages = 64;

/** What planning a set needs: how one image is planned is the caller's business. */
export interface SetOptions {
  readonly planImage: (rule: Rule, destinationTags: DestinationTags | undefined) => Promise<Plan>;
  /** Told of all tags of the source, where they were listed. */
  readonly onSourceTags?: ((tags: readonly string[]) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Turns a rule for many tags into what is to be done, in the order of the selection, deletions last. A tag that cannot
 * be planned is one of the failures and harms no other. Reads only.
 * @throws `config` for a rule that contradicts itself, and what keeps a registry from listing its tags.
 */
export async function planSet(rule: Rule, selection: Selection, ends: Ends, options: SetOptions): Promise<Plan> {
  const wanted = await wantedTags(rule, selection, ends, options);
  if (selection.tags === undefined) options.onSourceTags?.(wanted.sourceTags);
  const destinationTags = mayStay(rule.policy ?? {})
    ? undefined
    : new DestinationTags(ends.destination, wanted.existing);
  const plans = await inLanes(wanted.tags, parallelImages, async (tag): Promise<Plan> => {
    const image: Rule = {
      source: { ...rule.source, tag },
      destination: { ...rule.destination, tag },
      additionalTags: rule.additionalTags,
      policy: rule.policy,
    };
    try {
      return await options.planImage(image, destinationTags);
    } catch (error) {
      options.signal?.throwIfAborted();
      return { items: [], failures: [planFailure(image, error)] };
    }
  });
  const warning = whyNothing(rule, selection, wanted);
  const told: Plan = { items: [], ...(warning === undefined ? {} : { warnings: [warning] }) };
  return mergePlans([told, ...plans, await planDeletions(rule, wanted, ends, options)]);
}

/** Whether a tag that holds another digest can be one that is to stay: then only the tag itself tells what it holds. */
function mayStay(policy: Policy): boolean {
  return guardOf(policy) !== undefined || policy.sameImage === "image-id";
}
