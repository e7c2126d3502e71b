import * as fc from "fast-check";
import { afterAll, test } from "vitest";
import { openPlace, type Place } from "./delete/place.ts";
import { knownPlays } from "./delete/known-plays.ts";
import { anyPlay, type Play, play } from "./delete/play.ts";
import { type Kind, kinds } from "./delete/story.ts";

const numRuns = process.env["IMAGESYNC_SOAK"] === "1" ? 4000 : 120;

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
  const place = places.get(key) ?? openPlace({ ...kind });
  places.set(key, place);
  return await place;
}

test("whatever owners and neighbours do in a repository and wherever processes die, no tag is lost and each pulls whole", async () => {
  await fc.assert(
    fc.asyncProperty(anyKind, anyPlay(7), async (kind, life) => await play(await placeOf(kind), kind, life)),
    { numRuns, examples: knownPlays.flatMap((life) => kinds.map((kind): [Kind, Play] => [kind, life])) },
  );
}, 3_600_000);
