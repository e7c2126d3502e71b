import { createHash } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { retentionPrefix } from "../oci/special-tag.ts";

/** A tag has at most 128 characters. */
const maxTagLength = 128;

/**
 * The tag that holds an earlier digest of `tag` after an update. What no tag holds is taken by registries' own
 * collectors and cannot be seen by those who delete a neighbour with the same layers: a Deployment that still runs the
 * earlier digest needs a tag on it. One name for each pair, so that nobody has to read before writing.
 */
export function retentionTag(tag: string, digest: Digest): string {
  const name = `${retentionPrefix}${digest.slice(digest.indexOf(":") + 1).slice(0, 32)}.${tag}`;
  if (name.length <= maxTagLength) return name;
  return `${name.slice(0, name.length - tag.length)}${createHash("sha256").update(tag).digest("hex")}`;
}
