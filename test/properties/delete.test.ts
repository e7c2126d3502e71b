import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { anyAction } from "./delete/neighbour.ts";
import { anyWish, type Wish } from "./delete/owner.ts";
import { openPlace, type Place } from "./delete/place.ts";
import { type Trouble, World } from "./delete/world.ts";

const soak = process.env["IMAGESYNC_SOAK"] === "1";
const numRuns = Number(process.env["IMAGESYNC_RUNS"] ?? (soak ? 2000 : 150));

/** How a registry is, as far as deletes meet it. */
interface Kind {
  readonly tagDelete: boolean;
  readonly referrersApi: boolean;
  readonly allowSparseIndex: boolean;
}

const anyKind: fc.Arbitrary<Kind> = fc.record({
  tagDelete: fc.boolean(),
  referrersApi: fc.boolean(),
  allowSparseIndex: fc.boolean(),
});

const places = new Map<string, Promise<Place>>();
afterAll(async () => {
  for (const place of places.values()) await (await place).close();
});

async function placeOf(kind: Kind): Promise<Place> {
  const key = JSON.stringify(kind);
  const place = places.get(key) ?? openPlace(kind);
  places.set(key, place);
  return await place;
}

type Step =
  | { readonly wishes: readonly Wish[]; readonly trouble: Trouble; readonly fresh: boolean }
  | { readonly visit: Parameters<World["visit"]>[0] };

const crash = fc.record({ at: fc.nat({ max: 50 }), carriedOut: fc.boolean() });
const meanwhile = fc.array(fc.record({ at: fc.nat({ max: 50 }), action: anyAction }), { minLength: 1, maxLength: 3 });
const quiet: fc.Arbitrary<Trouble> = fc.constant({ meanwhile: [] });

const anyTrouble: fc.Arbitrary<Trouble> = fc.oneof(
  quiet,
  fc.record({ crash, meanwhile: fc.constant([]) }),
  fc.record({ meanwhile }),
  fc.record({ crash, meanwhile }),
);

const one = anyWish.map((wish) => [wish]);
/** What one apply does at the same time is never about one tag twice. */
const several = fc.uniqueArray(anyWish, {
  minLength: 2,
  maxLength: 4,
  selector: (wish) => ("tag" in wish ? wish.tag : "none"),
});

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ wishes: one, trouble: anyTrouble, fresh: fc.boolean() }), weight: 6 },
  {
    arbitrary: fc.record({
      wishes: several,
      trouble: fc.oneof(quiet, fc.record({ crash, meanwhile: fc.constant([]) })),
      fresh: fc.boolean(),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ visit: anyAction }), weight: 2 },
);

test("whatever owners and neighbours do in a repository and wherever processes die, no tag is lost and each pulls whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyKind,
      fc.array(anyAction, { maxLength: 5 }),
      fc.array(anyStep, { minLength: 1, maxLength: 7 }),
      fc.constantFrom(1, 8),
      async (kind, beginning, steps, connections) => {
        const world = new World(await placeOf(kind), kind, connections);
        try {
          for (const action of beginning) await world.act(action);
          for (const step of steps) {
            if ("visit" in step) await world.visit(step.visit);
            else await world.work(step.wishes, step.trouble, step.fresh);
          }
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns },
  );
  expect(numRuns).toBeGreaterThan(0);
}, 3_600_000);
