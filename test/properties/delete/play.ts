import * as fc from "fast-check";
import { type Action, anyAction, type Customs } from "./neighbour.ts";
import { anyWish, type Wish } from "./owner.ts";
import type { Place } from "./place.ts";
import { type Trouble, World } from "./world.ts";

/** One step in the life of a repository: our work, or a neighbour's visit. */
type Step =
  | { readonly wishes: readonly Wish[]; readonly trouble: Trouble; readonly fresh: boolean }
  | { readonly visit: Action };

/** A whole life, from the repository's first image on. */
export interface Play {
  readonly beginning: readonly Action[];
  readonly steps: readonly Step[];
  /** Of each of our processes to the registry. */
  readonly connections: number;
}

const crash = fc.record({ at: fc.nat({ max: 50 }), carriedOut: fc.boolean() });
const meanwhile = fc.array(fc.record({ at: fc.nat({ max: 50 }), action: anyAction }), { minLength: 1, maxLength: 3 });
const quiet: fc.Arbitrary<Trouble> = fc.constant({ meanwhile: [] });
const crashing: fc.Arbitrary<Trouble> = fc.record({ crash, meanwhile: fc.constant([]) });

const alone: fc.Arbitrary<Step> = fc.record({
  wishes: anyWish.map((wish) => [wish]),
  trouble: fc.oneof(quiet, crashing, fc.record({ meanwhile }), fc.record({ crash, meanwhile })),
  fresh: fc.boolean(),
});

/** What one apply does at the same time; it is never about one tag twice. */
const atOnce: fc.Arbitrary<Step> = fc.record({
  wishes: fc.uniqueArray(anyWish, {
    minLength: 2,
    maxLength: 4,
    selector: (wish) => ("tag" in wish ? wish.tag : "none"),
  }),
  trouble: fc.oneof(quiet, crashing),
  fresh: fc.boolean(),
});

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: alone, weight: 6 },
  { arbitrary: atOnce, weight: 2 },
  { arbitrary: fc.record({ visit: anyAction }), weight: 2 },
);

/** Any life of so many steps at most. */
export function anyPlay(maxSteps: number): fc.Arbitrary<Play> {
  return fc.record({
    beginning: fc.array(anyAction, { maxLength: 5 }),
    steps: fc.array(anyStep, { minLength: 1, maxLength: maxSteps }),
    connections: fc.constantFrom(1, 8),
  });
}

/** Lives it in a repository of its own. @throws what {@link World.check} finds wrong after a step. */
export async function play(place: Place, customs: Customs, { beginning, steps, connections }: Play): Promise<void> {
  const world = new World(place, customs, connections);
  try {
    for (const action of beginning) await world.act(action);
    for (const step of steps) {
      if ("visit" in step) await world.visit(step.visit);
      else await world.work(step.wishes, step.trouble, step.fresh);
    }
  } finally {
    await world.close();
  }
}
