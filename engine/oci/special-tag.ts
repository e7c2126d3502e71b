/** Tags that stand for no image of their own: they are never selected, nor deleted for no longer being selected. */

/** How tags begin that hold earlier digests. */
export const retentionPrefix = "imagesync-previous.";

/** Whether a tag holds an earlier digest of another tag: `imagesync-previous.<32 hexadecimal digits>.<tag>`. */
export function isRetentionTag(tag: string): boolean {
  return /^imagesync-previous\.[0-9a-f]{32}\.[\w.-]+$/.test(tag);
}

/**
 * Whether a tag belongs to another image and is named after its digest: the fallback tag of the referrers API
 * (`sha256-<64 hexadecimal digits>`; of a sha512 digest at least the first 64) and what cosign and others put behind
 * it: `.sig`, `.att`, `.sbom` and whatever else begins with a period, a dash or an underscore.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function isAttachmentTag(tag: string): boolean {
  return /^(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64,121})(?:[._-][\w.-]*)?$/.test(tag);
}
