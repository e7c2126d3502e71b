import * as fc from "fast-check";
import { afterAll, describe, test } from "vitest";
import type { Place } from "../properties/delete/place.ts";
import { anyPlay, play } from "../properties/delete/play.ts";
import { openRealPlace } from "../properties/delete/real-place.ts";
import { dockerRegistryProgram } from "../support/registries/index.ts";

const numRuns = process.env["IMAGESYNC_SOAK"] === "1" ? 400 : 12;

/** As docker-registry 2.8 is. */
const customs = { referrersApi: false, allowSparseIndex: false };

describe.skipIf(dockerRegistryProgram === undefined)("at a real docker-registry", () => {
  let place: Promise<Place> | undefined;

  afterAll(async () => (await place)?.close());

  test("whatever owners and neighbours do in a repository and wherever processes die, no tag is lost and each pulls whole", async () => {
    place ??= openRealPlace();
    const opened = await place;
    await fc.assert(
      fc.asyncProperty(anyPlay(4), async (life) => await play(opened, customs, life)),
      { numRuns },
    );
  }, 3_600_000);
});
