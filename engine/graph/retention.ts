import { createHash } from "node:crypto";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { isRetentionTag, retentionPrefix } from "../oci/special-tag.ts";

/** So much of a digest is in the name. */
const digestLength = 32;

/** A tag has at most 128 characters. */
const maxTagLength = 128;

/**
 * The tag that holds an earlier digest of `tag` after an update. What no tag holds is taken by registries' own
 * collectors and cannot be seen by those who delete a neighbour with the same layers: a Deployment that still runs the
 * earlier digest needs a tag on it. One name for each pair, so that nobody has to read before writing.
 */
export function retentionTag(tag: string, digest: Digest): string {
  const name = `${retentionPrefix}${digest.slice(digest.indexOf(":") + 1).slice(0, digestLength)}.${tag}`;
  if (name.length <= maxTagLength) return name;
  return `${name.slice(0, name.length - tag.length)}${createHash("sha256").update(tag).digest("hex")}`;
}

/** Whether a name is that of a retention tag of this tag and of no other. */
export function isRetentionTagOf(tag: string, name: string): boolean {
  if (!isRetentionTag(name)) return false;
  const half = name.slice(retentionPrefix.length, retentionPrefix.length + digestLength);
  return retentionTag(tag, parseDigest(`sha256:${half}${half}`)) === name;
}
