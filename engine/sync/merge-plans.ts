import type { Plan } from "./plan.ts";

/** Several plans as one, in their order: what follows an item still follows it. */
export function mergePlans(plans: readonly Plan[]): Plan {
  const items: Plan["items"][number][] = [];
  for (const plan of plans) {
    const shift = items.length;
    for (const item of plan.items) {
      items.push(item.follows === undefined ? item : { ...item, follows: item.follows + shift });
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
