import { type Digest, isRetentionTagOf, type Reference, retentionTag } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { digestAt } from "./digest-at.ts";

/**
 * The earlier digests of a tag that have tags of their own. In which order they came nobody knows any more.
 * @param names the tags of its repository.
 */
export async function heldDigests(
  reference: Reference,
  names: readonly string[],
  provider: Configured,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const tag = reference.tag ?? "";
  const found = await Promise.all(
    names
      .filter((name) => isRetentionTagOf(tag, name))
      .map(async (name) => {
        // A tag that is listed and holds nothing hides no other.
        const digest = await digestAt({ ...reference, tag: name }, provider, signal);
        return digest !== undefined && retentionTag(tag, digest) === name ? [digest] : [];
      }),
  );
  return found.flat();
}
