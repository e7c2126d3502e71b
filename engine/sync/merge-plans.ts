import type { EngineMark } from "../graph/claims.ts";
import { repositoryKey } from "../graph/known.ts";
import { isDelete, type Plan, type PlanItem } from "./plan.ts";

/** Several plans as one, and where what each of them had stands in it. */
export interface MergedPlans {
  readonly plan: Plan;
  /** For each plan the positions of its items, in their order; two plans can share one. */
  readonly positions: readonly (readonly number[])[];
}

/**
 * Several plans as one, in their order: what follows an item still follows it. What belongs to an image under several
 * tags is there once, and follows whichever of them comes to be in place.
 */
export function mergePlans(plans: readonly Plan[]): Plan {
  return mergeWithPositions(plans).plan;
}

/** As {@link mergePlans}, for who asks afterwards what became of each plan. */
export function mergeWithPositions(plans: readonly Plan[]): MergedPlans {
  const items: PlanItem[] = [];
  const companions = new Map<string, number>();
  const followed = new Map<number, Set<number>>();
  const positions = plans.map((plan) => {
    const own: number[] = [];
    for (const item of plan.items) {
      const key = companionKey(item);
      const there = key === undefined ? undefined : companions.get(key);
      own.push(there ?? items.length);
      if (there !== undefined) continue;
      if (key !== undefined) companions.set(key, items.length);
      const follows = item.follows === undefined ? undefined : own[item.follows];
      items.push(follows === undefined ? item : { ...item, follows });
    }
    for (const [at, { follows, orFollows = [] }] of plan.items.entries()) {
      const place = own[at];
      if (place === undefined || follows === undefined) continue;
      const ways = followed.get(place) ?? new Set();
      followed.set(place, ways);
      for (const position of [follows, ...orFollows].flatMap((one) => own[one] ?? [])) ways.add(position);
    }
    return own;
  });
  const failures = plans.flatMap((plan) => plan.failures ?? []);
  // One warning can be due to several rules of one repository: people need it once.
  const warnings = [...new Set(plans.flatMap((plan) => plan.warnings ?? []))];
  const mark = earliest(plans);
  const plan = {
    items: items.map((item, at) => followingAny(item, followed.get(at), items)),
    ...(failures.length === 0 ? {} : { failures }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(mark === undefined ? {} : { mark }),
  };
  return { plan, positions };
}

/** What several plans share follows any of the images that it follows in one of them. */
function followingAny(item: PlanItem, ways: ReadonlySet<number> | undefined, items: readonly PlanItem[]): PlanItem {
  const { orFollows: _earlier, ...rest } = item;
  // What belongs to something that belongs to the image is shared together with that.
  const others = [...(ways ?? [])].filter((one) => one !== item.follows && items[one]?.subject === undefined);
  if (others.length > 0) return { ...rest, orFollows: others };
  return item.orFollows === undefined ? item : rest;
}

/** What all of them know to have been put; none where one that deletes does not say, or says it of another engine. */
function earliest(plans: readonly Plan[]): EngineMark | undefined {
  const marks = plans.filter(({ items }) => items.some(isDelete)).map(({ mark }) => mark);
  return marks.reduce((first, mark) => {
    if (first === undefined || mark === undefined || first.engine !== mark.engine) return undefined;
    return first.claims <= mark.claims ? first : mark;
  }, marks[0]);
}

function companionKey({ subject, destination, digest, action }: PlanItem): string | undefined {
  if (subject === undefined || action !== "copy") return undefined;
  return `${repositoryKey(destination)} ${subject} ${destination.tag ?? ""} ${digest}`;
}
