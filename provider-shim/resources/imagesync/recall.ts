import { type Digest, ImagesyncError } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { onConflictOf } from "./conflict.ts";
import { heldDigests } from "./held-digests.ts";
import { hasMemory, type Memory, readMemory } from "./memory.ts";
import { destinationTag, digestIn, text, texts } from "./state.ts";

/**
 * The memory of a resource. Terraform loses it when the provider is killed in the middle of an update, and an imported
 * resource has none; then the tags that hold earlier digests at the registry are asked. In which order they came nobody
 * knows any more.
 */
export async function recall(
  state: ObjectValue,
  bytes: Uint8Array,
  provider: Configured,
  signal: AbortSignal,
  context: Context,
): Promise<Memory> {
  const read = readMemory(bytes);
  const destination = text(state, "destination");
  if (hasMemory(bytes) || destination === undefined) return read;
  const memory = { ...read, foreign: foreignIn(state) };
  try {
    const own = digestIn(text(state, "id"));
    const reference = destinationTag(destination);
    const names = await provider.engine.tags(reference, { signal });
    const held = await heldDigests(reference, names, provider, signal);
    return { ...memory, previous: held.filter((digest) => digest !== own), unrecalled: undefined };
  } catch (error) {
    // Many may pull without being allowed to list: a refresh must not fail for what it can do without.
    if (signal.aborted || !(error instanceof ImagesyncError)) throw error;
    context.log.warn("Earlier digests are not known", { destination, reason: error.message });
    return { ...memory, unrecalled: true };
  }
}

/**
 * An image that `on_conflict = "keep"` has let stay is not the source's. Where that cannot be told it is taken for one,
 * as what is left over harms nobody.
 */
function foreignIn(state: ObjectValue): readonly Digest[] {
  const digest = digestIn(text(state, "id"));
  if (digest === undefined || onConflictOf(state) !== "keep") return [];
  const isSources = digest === text(state, "source_digest") && texts(state, "platforms").length === 0;
  return isSources ? [] : [digest];
}
