import { type Digest, formatReference, parseReference, type Reference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { isKept, onConflictOf } from "./conflict.ts";
import { digestAt } from "./digest-at.ts";
import { type Memory, topDigests } from "./memory.ts";
import { destinationTag, digestIn, text, texts } from "./state.ts";

/** An additional tag at the destination, as it is asked for. */
function additionalTag(destination: string, tag: string): Reference {
  return { ...parseReference(destination), tag, digest: undefined };
}

/**
 * Those of the state's additional tags that a refresh finds in order; the next plan shows the others as missing. In
 * order is a tag that holds the image, and with `on_conflict = "keep"` one that holds an image of somebody else.
 */
export async function additionalTagsInOrder(
  state: ObjectValue,
  memory: Memory,
  provider: Configured,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const tags = texts(state, "additional_tags");
  // Beside an image that was found there no tags are put.
  if (isKept(state, memory)) return tags;
  const image = digestIn(text(state, "id"));
  const ours = topDigests(state, memory);
  const keeps = onConflictOf(state) === "keep";
  const found = await Promise.all(
    tags.map(async (tag) => {
      const held = await digestAt(additionalTag(text(state, "destination") ?? "", tag), provider, signal);
      return held !== undefined && (held === image || (keeps && !ours.includes(held)));
    }),
  );
  return tags.filter((_, position) => found[position]);
}

/** Every tag that may have been put besides the destination's own, so that none is forgotten when an apply fails. */
export function tagsEverPut(value: ObjectValue, tags: readonly string[] = []): readonly string[] {
  return [...new Set([...tags, ...texts(value, "additional_tags")])].sort();
}

/** Every tag that a state, or a plan, is about: none where an image of somebody else is kept. */
export function tagsOf(value: ObjectValue, memory: Memory): readonly Reference[] {
  const destination = text(value, "destination");
  if (destination === undefined || isKept(value, memory)) return [];
  return [
    destinationTag(destination),
    ...texts(value, "additional_tags").map((tag) => additionalTag(destination, tag)),
  ];
}

/**
 * Takes additional tags away, each only if it holds an image of this resource at that moment. Content stays: it is
 * collected with the image's own tag.
 * @throws what keeps a registry from removing a tag.
 */
export async function removeAdditionalTags(
  destination: string,
  tags: readonly string[],
  ours: readonly Digest[],
  provider: Configured,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  for (const tag of tags) {
    const reference = additionalTag(destination, tag);
    const held = await digestAt(reference, provider, signal);
    if (held === undefined || !ours.includes(held)) continue;
    const { untagged, kept } = await provider.engine.remove(reference, { expectDigest: held, policy: "untag", signal });
    context.log.info("Additional tag is removed", { tag: formatReference(reference), untagged });
    if (untagged) continue;
    const why = kept.map(({ by }) => by).join("; ");
    context.diagnostics.warning("Tag kept", `${formatReference(reference)} is not removed: ${why}`);
  }
}
