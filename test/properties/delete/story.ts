import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import type { Recipe } from "./content.ts";
import type { Gap } from "./gate.ts";
import type { Action, Customs } from "./neighbour.ts";
import type { Wish } from "./owner.ts";
import { openPlace, type Place } from "./place.ts";
import { type Trouble, World } from "./world.ts";

/** How a registry is, as far as deletes meet it. */
export interface Kind extends Customs, Pick<RegistryOptions, "tagDelete"> {
  readonly tagDelete: boolean;
}

/** The ways in which registries differ that change what a delete sends. */
export const kinds: readonly Kind[] = [
  { tagDelete: false, referrersApi: true, allowSparseIndex: false },
  { tagDelete: true, referrersApi: false, allowSparseIndex: false },
];

const shared: Recipe = { image: "x", layers: ["k", "l"] };
const first: Recipe = { index: [shared, { image: "y", layers: ["l", "m"] }] };
const second: Recipe = { index: [{ image: "y", layers: ["l", "m"] }, { artifact: ["w"] }] };
const third: Recipe = { index: [{ index: [{ image: "z", layers: ["m", "n"] }] }, shared] };

/** Neighbours who share layers, a config and a child with the images of the stories. */
const beginning: readonly Action[] = [
  { does: "push", tag: "b", image: { index: [shared, { artifact: ["w"] }] } },
  { does: "sign", of: 0, layers: ["s"], as: "sig" },
  { does: "refer", of: 0, layers: ["s", "m"] },
];

const put = (image: Recipe): Wish => ({ does: "put", tag: "a", image, keepPrevious: 1 });

/** Works whose every request matters, each with what must have happened before it. */
export const stories: Readonly<Record<string, { readonly before: readonly Wish[]; readonly wish: Wish }>> = {
  "an update that holds one earlier image and collects another": {
    before: [put(first), put(second)],
    wish: put(third),
  },
  "a destroy with an earlier image": {
    before: [put(second), put(third)],
    wish: { does: "destroy", tag: "a", policy: "delete", keep: [], whatever: false },
  },
};

/** What neighbours do in one gap of a story. */
export const visits: readonly (readonly Action[])[] = [
  // Our tag on an image of theirs.
  [{ does: "push", tag: "a", image: { image: "y", layers: ["k", "m", "n"] } }],
  // Their tags on an index with an image of ours, and on what the story takes away.
  [
    { does: "take in", tag: "c", of: 12, beside: { image: "x", layers: ["n"] } },
    { does: "push", tag: "d", image: second },
    { does: "push", tag: "e", image: third },
  ],
  [{ does: "push", tag: "d", image: { index: [second], note: "theirs" } }],
];

const places = new Map<Kind, Promise<Place>>();

/** Tells a story in a repository of its own. @returns how many requests its own work has sent. */
export async function tell(
  kind: Kind,
  { before, wish }: { readonly before: readonly Wish[]; readonly wish: Wish },
  trouble: Trouble,
  onGap?: (gap: Gap) => void,
): Promise<number> {
  const opening = places.get(kind) ?? openPlace({ ...kind });
  places.set(kind, opening);
  const world = new World(await opening, kind, 1);
  try {
    for (const action of beginning) await world.act(action);
    for (const one of before) await world.work([one], { meanwhile: [] }, true);
    world.onGap = onGap;
    return await world.work([wish], trouble, true);
  } finally {
    await world.close();
  }
}

/** Closes what the stories have opened. */
export async function closePlaces(): Promise<void> {
  for (const place of places.values()) await (await place).close();
}
