import { afterAll, describe, expect, test } from "vitest";
import type { Gap } from "./delete/gate.ts";
import { closePlaces, kinds, stories, tell, visits } from "./delete/story.ts";
import { windows } from "./delete/windows.ts";

/** All combinations take minutes; without them the registry whose deletes need most requests is gone through. */
const soak = process.env["IMAGESYNC_SOAK"] === "1";

afterAll(closePlaces);

describe.each(kinds)("at a registry with tagDelete $tagDelete and referrersApi $referrersApi", (kind) => {
  test.each(Object.entries(stories))(
    "%s may die at each of its requests, and the next process finishes it",
    async (_name, story) => {
      const requests = await tell(kind, story, { meanwhile: [] });
      for (let at = 0; at < requests; at += soak || !kind.tagDelete ? 1 : 5) {
        // For the registry it is one whether the request was carried out, or the next one never came.
        for (const carriedOut of soak || at === 0 ? [true, false] : [true]) {
          // The check of every step says what is wrong; nothing is left for this test to look at.
          const sent = await tell(kind, story, { crash: { at, carriedOut }, meanwhile: [] });
          expect({ at, sent }).toEqual({ at, sent: at + 1 });
        }
      }
    },
    3_600_000,
  );

  test.each(Object.entries(stories))(
    "%s leaves whole what neighbours do between any two of its requests, but for the windows",
    async (_name, story) => {
      const undisturbed: Gap[] = [];
      await tell(kind, story, { meanwhile: [] }, (gap) => undisturbed.push(gap));
      const open = undisturbed.filter(({ window }) => window === undefined);
      expect(new Set(undisturbed.flatMap(({ window }) => window ?? []))).toEqual(
        new Set(windows.map(({ name }) => name)),
      );
      const used: string[] = [];
      for (const [at, { window }] of undisturbed.entries()) {
        if (window !== undefined) continue;
        for (const visit of soak ? visits : visits.slice(0, 2)) {
          const gaps: Gap[] = [];
          const meanwhile = visit.map((action) => ({ at, action }));
          await tell(kind, story, { meanwhile }, (gap) => gaps.push(gap));
          expect({ at, used: gaps.findIndex((gap) => gap.used) }).toEqual({ at, used: at });
          used.push(gaps[at]?.between ?? "");
        }
      }
      // Somebody has acted in each gap that is in no window.
      expect(new Set(used)).toEqual(new Set(open.map(({ between }) => between)));
    },
    3_600_000,
  );
});
