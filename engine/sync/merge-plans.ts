import { repositoryKey } from "../graph/known.ts";
import type { Plan, PlanItem } from "./plan.ts";

/**
 * Several plans as one, in their order: what follows an item still follows it. What belongs to an image under several
 * tags is there once, and follows the first of them.
 */
export function mergePlans(plans: readonly Plan[]): Plan {
  const items: PlanItem[] = [];
  const companions = new Map<string, number>();
  for (const plan of plans) {
    const shift = items.length;
    /** Where the items of this plan have come to stand. */
    const positions: number[] = [];
    for (const item of plan.items) {
      const key = companionKey(item);
      const there = key === undefined ? undefined : companions.get(key);
      positions.push(there ?? items.length);
      if (there !== undefined) continue;
      if (key !== undefined) companions.set(key, items.length);
      const { follows } = item;
      items.push(follows === undefined ? item : { ...item, follows: positions[follows] ?? follows + shift });
    }
  }
  const failures = plans.flatMap((plan) => plan.failures ?? []);
  // One warning can be due to several rules of one repository: people need it once.
  const warnings = [...new Set(plans.flatMap((plan) => plan.warnings ?? []))];
  return {
    items,
    ...(failures.length === 0 ? {} : { failures }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function companionKey({ subject, destination, digest, action }: PlanItem): string | undefined {
  if (subject === undefined || action !== "copy") return undefined;
  return `${repositoryKey(destination)} ${subject} ${destination.tag ?? ""} ${digest}`;
}
