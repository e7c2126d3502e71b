import { type Digest, digestAlgorithm, parseDigest } from "./digest.ts";

/** A tag that is named after the manifest that its content belongs to. */
export interface AttachmentTag {
  readonly subject: Digest;
  /** What stands behind the period: `sig`, `att`, `sbom` of cosign, or a word of another tool; absent for a fallback tag. */
  readonly suffix?: string | undefined;
}

/** The encoded part of a fallback tag is cut there. */
const maxEncodedLength = 64;

/**
 * The tag under which a registry without the referrers API lists what refers to a manifest.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function fallbackTag(subject: Digest): string {
  const encoded = subject.slice(subject.indexOf(":") + 1);
  return `${digestAlgorithm(subject)}-${encoded.slice(0, maxEncodedLength)}`;
}

/** What all attachment tags of a manifest begin with: cosign's are of this form, and those that regclient copies. */
export function attachmentPrefix(subject: Digest): string {
  return `${fallbackTag(subject)}.`;
}

/** Reads a tag of that form; undefined for every other. Of sha512 a tag has only half, so it names nothing by itself. */
export function parseAttachmentTag(tag: string): AttachmentTag | undefined {
  const match = /^sha256-([0-9a-f]{64})(?:\.([\w.-]+))?$/.exec(tag);
  if (match?.[1] === undefined) return undefined;
  return { subject: parseDigest(`sha256:${match[1]}`), ...(match[2] === undefined ? {} : { suffix: match[2] }) };
}
