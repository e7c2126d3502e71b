import {
  type Digest,
  ImagesyncError,
  isDigest,
  isNotFound,
  type Reference,
  retentionTag,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { hasMemory, type Memory, readMemory } from "./memory.ts";
import { destinationTag, digestIn, text } from "./state.ts";

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
  const memory = readMemory(bytes);
  const destination = text(state, "destination");
  if (hasMemory(bytes) || destination === undefined) return memory;
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

/** What the retention tags of the destination's tag hold. */
async function heldDigests(
  destination: string,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const reference = destinationTag(destination);
  const tags = (await engine.tags(reference, { signal })).filter((name) => isHeldFor(reference.tag ?? "", name));
  const found = await Promise.all(
    tags.map(async (tag) => {
      const digest = await digestAt({ ...reference, tag, digest: undefined }, engine, signal);
      return digest !== undefined && retentionTag(reference.tag ?? "", digest) === tag ? [digest] : [];
    }),
  );
  return found.flat();
}

/** A tag that is listed and holds nothing hides no other. */
async function digestAt(
  reference: Reference,
  engine: Configured["engine"],
  signal: AbortSignal,
): Promise<Digest | undefined> {
  try {
    return (await engine.resolve(reference, { side: "destination", signal })).sourceDigest;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether a name is that of a retention tag of this tag and of no other; it has the first half of a digest. */
function isHeldFor(tag: string, name: string): boolean {
  const half = /^imagesync-previous\.([0-9a-f]{32})\./.exec(name)?.[1] ?? "";
  const digest = `sha256:${half}${half}`;
  return isDigest(digest) && retentionTag(tag, digest) === name;
}
