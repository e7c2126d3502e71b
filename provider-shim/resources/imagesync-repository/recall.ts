import { ImagesyncError, isRetentionTag } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/context.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { heldDigests } from "../imagesync/held-digests.ts";
import { text } from "../imagesync/state.ts";
import { listDestination } from "./destination.ts";
import type { Own, Wanted } from "./memory.ts";
import { type Digests, imagesIn, tagAt } from "./state.ts";

interface Around {
  readonly provider: Configured;
  readonly signal: AbortSignal;
  readonly context: Context;
}

/**
 * What is ours where nobody remembers it: Terraform loses the memory when the provider is killed in the middle of an
 * update, and an import has none. A tag is ours that holds what we would put there, or what the state says that we have
 * put there; where tags of others are left alone the state has theirs too, and says nothing.
 * @param seen What the tags hold.
 */
export async function recall(
  state: ObjectValue,
  seen: Digests,
  wanted: Wanted | undefined,
  around: Around,
): Promise<ReadonlyMap<string, Own>> {
  const stored = storedIn(state);
  const ours = [...seen].flatMap(([tag, digest]): [string, Own][] => {
    const wish = wanted?.images.get(tag);
    if (wish?.digest === digest) return [[tag, { ...wish, previous: [] }]];
    const own = stored.get(tag);
    return own?.digest === digest ? [[tag, own]] : [];
  });
  if (ours.length === 0) return new Map();
  const names = await retentionTags(state, around);
  return new Map(
    await Promise.all(
      ours.map(async ([tag, own]): Promise<[string, Own]> => {
        const held = await heldDigests(tagAt(state, tag), names, around.provider, around.signal);
        return [tag, { ...own, previous: held.filter((digest) => digest !== own.digest) }];
      }),
    ),
  );
}

/** What the state alone says is ours: nothing, where it has images of others too. */
export function storedIn(state: ObjectValue): ReadonlyMap<string, Own> {
  if (state["replace_tag"] === false || text(state, "on_conflict") === "keep") return new Map();
  return presumedIn(state);
}

/** Every image of a state, as if it were ours. */
export function presumedIn(state: ObjectValue): ReadonlyMap<string, Own> {
  return new Map([...imagesIn(state)].map(([tag, digest]) => [tag, { source: digest, digest, previous: [] }]));
}

/** Every tag of the destination that holds an earlier digest. */
async function retentionTags(state: ObjectValue, { provider, signal, context }: Around): Promise<readonly string[]> {
  try {
    return (await listDestination(state, provider, signal)).filter(isRetentionTag);
  } catch (error) {
    // Many may pull without being allowed to list: a refresh must not fail for what it can do without.
    if (signal.aborted || !(error instanceof ImagesyncError)) throw error;
    context.log.warn("Earlier digests are not known", {
      destination: text(state, "destination"),
      reason: error.message,
    });
    return [];
  }
}
