import { type Digest, parseRepository, pinned, type Reference, selectTags } from "../../../engine/index.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { selectionOf } from "../../selection.ts";
import { digestIn, text } from "../imagesync/state.ts";

/** Defaults of attributes that may be left out. */
export const defaults = {
  replace_tag: true,
  on_conflict: "overwrite",
  referrers: true,
  integrity_check: "tag",
  on_source_unavailable: "keep",
  keep_previous: 1,
  create_repository: true,
} as const;

/** Tags and the digests of their images. */
export type Digests = ReadonlyMap<string, Digest>;

/** The images of a state, by digest; none while they are not known. */
export function imagesIn(value: ObjectValue | null): Digests {
  const found = value?.["images"];
  const entries = found instanceof Map ? [...(found as ReadonlyMap<string, unknown>)] : [];
  return new Map(
    entries.flatMap(([tag, image]): [string, Digest][] => {
      const digest = typeof image === "string" ? digestIn(image) : undefined;
      return digest === undefined ? [] : [[tag, digest]];
    }),
  );
}

/** The computed attributes that follow from the images. */
export function describeImages(value: ObjectValue, images: Digests): ObjectValue {
  const repository = repositoryIn(value, "destination");
  const sorted = [...images].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    images: new Map(sorted.map(([tag, digest]) => [tag, pinned(repository, digest)])),
    highest: highestOf(value, [...images.keys()]),
  };
}

/** The repository an attribute names. Validation has let it pass. */
export function repositoryIn(value: ObjectValue, attribute: "source" | "destination"): Reference {
  return parseRepository(text(value, attribute) ?? "");
}

/** A tag of the destination. */
export function tagAt(value: ObjectValue, tag: string): Reference {
  return { ...repositoryIn(value, "destination"), tag };
}

/** Tags of the destination. */
export function tagsIn(value: ObjectValue, tags: Iterable<string>): readonly Reference[] {
  const repository = repositoryIn(value, "destination");
  return [...tags].map((tag) => ({ ...repository, tag }));
}

function highestOf(value: ObjectValue, tags: readonly string[]): string | null {
  const { allowPrerelease, compatibility, pinnedMajor } = selectionOf(value);
  const counting = { mode: "highest", allowPrerelease, compatibility, pinnedMajor } as const;
  return selectTags(tags, counting).tags[0] ?? null;
}
