import { isLayoutKind, type Plan, type PlanItem, type RateLimit } from "../../engine/index.ts";

/** What a plan comes to, before anything moves. */
export interface PlanSummary {
  /** Images by what is to be done; signatures and the like are `referrers`, where something is to be done. */
  readonly counts: Readonly<Record<PlanItem["action"] | "referrers" | "failed", number>>;
  /** At most so many bytes will move. */
  readonly bytes: number;
  /**
   * Source registry to how many manifests are read from it, at most: registries with a quota count each as a pull. What
   * is read from a layout costs nobody anything.
   */
  readonly pulls: Readonly<Record<string, number>>;
  /** What those registries have said of their limits. */
  readonly rateLimits: Readonly<Record<string, Pick<RateLimit, "limit" | "remaining">>>;
}

/** Adds up plans. `rateLimit` tells what a registry has said of its limit, if it has. */
export function summarisePlans(
  plans: readonly Plan[],
  rateLimit: (registry: string) => RateLimit | undefined,
): PlanSummary {
  const counts = { copy: 0, repair: 0, tag: 0, skip: 0, delete: 0, conflict: 0, referrers: 0, failed: 0 };
  const pulls: Record<string, number> = {};
  let bytes = 0;
  for (const plan of plans) {
    counts.failed += plan.failures?.length ?? 0;
    for (const item of plan.items) {
      if (item.subject === undefined || item.action === "conflict") counts[item.action] += 1;
      else if (item.action !== "skip") counts.referrers += 1;
      bytes += bytesOf(item);
      const charged = isWork(item) && !isLayoutKind(item.source.registry) ? (item.pulls ?? 0) : 0;
      if (charged > 0) pulls[item.source.registry] = (pulls[item.source.registry] ?? 0) + charged;
    }
  }
  const rateLimits = Object.fromEntries(
    Object.keys(pulls).flatMap((registry): [string, Pick<RateLimit, "limit" | "remaining">][] => {
      const limit = rateLimit(registry);
      return limit === undefined ? [] : [[registry, { limit: limit.limit, remaining: limit.remaining }]];
    }),
  );
  return { counts, bytes, pulls, rateLimits };
}

/** At most so many bytes move for an item. */
export function bytesOf(item: PlanItem): number {
  return isWork(item) ? item.bytes : 0;
}

/** Whether there is anything to do that may be done. */
export function hasChanges({ counts }: PlanSummary): boolean {
  return counts.copy + counts.repair + counts.tag + counts.delete + counts.referrers > 0;
}

function isWork({ action }: PlanItem): boolean {
  return action === "copy" || action === "repair" || action === "tag";
}
