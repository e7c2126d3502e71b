import type { Recipe } from "./content.ts";
import type { Wish } from "./owner.ts";
import type { Play } from "./play.ts";

const shared: Recipe = { image: "x", layers: ["k", "l"] };
/** Has the same config and layers, so that its removal takes them where nobody can see who else needs them. */
const twin: Recipe = { ...shared, docker: true };
const index: Recipe = { index: [shared], note: "p" };
const other: Recipe = { artifact: ["w"] };

const put = (tag: string, image: Recipe): Play["steps"][number] => work({ does: "put", tag, image, keepPrevious: 1 });

const destroy = (tag: string, keep: readonly number[] = []): Play["steps"][number] =>
  work({ does: "destroy", tag, policy: "delete", keep, whatever: false });

function work(wish: Wish): Play["steps"][number] {
  return { wishes: [wish], trouble: { meanwhile: [] }, fresh: true };
}

const moved: Play["steps"][number] = { visit: { does: "push", tag: "d", image: other } };

/** Lives in which a tag once came to an image that was not whole: chance finds them too seldom. */
export const knownPlays: readonly Play[] = [
  // The child was kept by its digest alone and lost its layers; another index names it later.
  [put("a", index), destroy("a", [1]), put("b", twin), destroy("b"), put("c", other), put("c", index)],
  // Somebody moved the tag, what it held lost its layers, and the next update wants to hold it as the earlier image.
  [put("d", index), moved, put("b", twin), destroy("b"), put("d", { artifact: ["k"] })],
  // The same, and the tag is to come back.
  [put("d", index), moved, put("b", twin), destroy("b"), put("d", index)],
].map((steps) => ({ beginning: [], steps, connections: 1 }));
