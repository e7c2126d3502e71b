import { buildTagSet } from "../../test/support/images/index.ts";
import type { Tags } from "../fixtures.ts";
import type { Removal } from "./removal-list.ts";

/** A repository, and what is to be removed of it. */
export interface DoomedRepository {
  readonly tags: Tags;
  readonly removals: readonly Removal[];
}

/**
 * A repository of so many tags; every tenth tag is a second name of an image that another one holds. Of the images that
 * are removed, spread over the repository, some have a second name that stays. Content is small: deletes do not move it.
 */
export function doomedRepository(tags: number, removed: number): DoomedRepository {
  const manifests = Math.ceil(tags * 0.9);
  const all = buildTagSet({
    seed: "bench/deletes",
    tags,
    manifests,
    bases: 6,
    baseLayers: [60_000, 60_000, 60_000],
    ownLayers: [10_000, 10_000],
  });
  const step = Math.max(1, Math.floor(manifests / removed));
  const removals = [...all]
    .filter((_, at) => at % step === 0 && at < manifests)
    .slice(0, removed)
    .map(([tag, { digest }]) => ({ tag, digest }));
  return { tags: all, removals };
}
