import type { PlanItem } from "../../engine/index.ts";
import type { RulePlan } from "./run.ts";
import type { Spell } from "./result.ts";

/** What puts an image on a tag that has another one. */
const writing: ReadonlySet<PlanItem["action"]> = new Set(["copy", "repair", "tag"]);

interface Owner {
  /** The position of its rule: names may be equal. */
  readonly rule: number;
  readonly item: PlanItem;
}

/**
 * Rules that want different images on one tag would take it from each other at every run. The first of them has it, of
 * the others it is a conflict. A configuration tells nothing of it beforehand: which tags a selection has, a registry
 * knows.
 * @param canonical Writes a reference in the one way that all of its spellings have in common.
 */
export function settleContests(rules: readonly RulePlan[], canonical: Spell): readonly RulePlan[] {
  const owners = new Map<string, Owner>();
  return rules.map(({ name, plan }, rule) => {
    const items = plan.items.map((item): PlanItem => {
      if (item.destination.tag === undefined || item.subject !== undefined) return item;
      const tag = canonical({ ...item.destination, digest: undefined });
      const owner = owners.get(tag);
      if (owner === undefined) {
        if (isOwner(item)) owners.set(tag, { rule, item });
        return item;
      }
      const isContest =
        owner.rule !== rule &&
        owner.item.digest !== item.digest &&
        writing.has(item.action) &&
        // Keeps what it finds there, also what was put there a moment ago.
        item.guarded !== "keep";
      if (!isContest) return item;
      const { source, digest } = owner.item;
      return {
        ...item,
        action: "conflict",
        reason: `an entry before it puts ${canonical({ ...source, digest: undefined })} there, ${digest}`,
        hint: "Select other tags in one of the two entries, or give it another destination",
      };
    });
    return items.some((item, at) => item !== plan.items[at]) ? { name, plan: { ...plan, items } } : { name, plan };
  });
}

/** What a rule leaves alone because it must not replace it is not the image that it wants there. */
function isOwner({ action, digest, source }: PlanItem): boolean {
  return writing.has(action) || (action === "skip" && digest === source.digest);
}
