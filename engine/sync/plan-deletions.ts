import { inLanes } from "../concurrency/lanes.ts";
import { selectDeletions } from "../select/deletions.ts";
import type { Ends, Plan } from "./plan.ts";
import { planFailure } from "./plan-failure.ts";
import type { Rule } from "./rule.ts";
import type { WantedTags } from "./wanted-tags.ts";

/** How many tags are asked for at the same time. */
const parallelTags = 64;

/**
 * The destination's tags that a selection no longer has, each with the digest that it may be deleted with. What the
 * guard refuses is a failure: no tag goes then, and what is to be copied is copied all the same.
 */
export async function planDeletions(
  { source, destination, additionalTags = [], policy }: Rule,
  wanted: WantedTags,
  ends: Ends,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<Plan> {
  const { existing, sourceTags } = wanted;
  const guard = policy?.deletions;
  if (guard === undefined || existing === undefined) return { items: [] };
  let unwanted: readonly string[];
  try {
    unwanted = selectDeletions({ existing, wanted: wanted.tags, beside: additionalTags, sourceTags, guard });
  } catch (error) {
    return { items: [], failures: [planFailure({ source, destination }, error)] };
  }
  const atSource = new Set(sourceTags);
  const plans = await inLanes(unwanted, parallelTags, async (tag): Promise<Plan> => {
    const reference = { ...destination, tag };
    try {
      const current = await ends.destination.manifests.find(tag, { signal });
      if (current === undefined) return { items: [] };
      const { digest } = current;
      const reason = atSource.has(tag) ? "it is not selected any more" : "the source does not have it any more";
      return {
        items: [
          {
            source,
            destination: reference,
            action: "delete",
            reason,
            digest,
            currentDigest: digest,
            bytes: 0,
            ...(policy?.referrers ? { referrers: true } : {}),
          },
        ],
      };
    } catch (error) {
      signal?.throwIfAborted();
      return { items: [], failures: [planFailure({ source, destination: reference }, error)] };
    }
  });
  return { items: plans.flatMap(({ items }) => items), failures: plans.flatMap(({ failures = [] }) => failures) };
}
