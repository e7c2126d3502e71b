import { type Digest, ImagesyncError, isDigest, retentionTag } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { onConflictOf } from "./conflict.ts";
import { digestAt } from "./digest-at.ts";
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
    const held = await heldDigests(destination, provider, signal);
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

/** What the retention tags of the destination's tag hold. */
async function heldDigests(destination: string, provider: Configured, signal: AbortSignal): Promise<readonly Digest[]> {
  const reference = destinationTag(destination);
  const tags = (await provider.engine.tags(reference, { signal })).filter((name) =>
    isHeldFor(reference.tag ?? "", name),
  );
  const found = await Promise.all(
    tags.map(async (tag) => {
      // A tag that is listed and holds nothing hides no other.
      const digest = await digestAt({ ...reference, tag }, provider, signal);
      return digest !== undefined && retentionTag(reference.tag ?? "", digest) === tag ? [digest] : [];
    }),
  );
  return found.flat();
}

/** Whether a name is that of a retention tag of this tag and of no other; it has the first half of a digest. */
function isHeldFor(tag: string, name: string): boolean {
  const half = /^imagesync-previous\.([0-9a-f]{32})\./.exec(name)?.[1] ?? "";
  const digest = `sha256:${half}${half}`;
  return isDigest(digest) && retentionTag(tag, digest) === name;
}
