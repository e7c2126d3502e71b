/** A digest taken apart: the two algorithms that the OCI image specification registers. */
export interface ParsedDigest {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^(?:(sha256):([a-f0-9]{64})|(sha512):([a-f0-9]{128}))$/;

/** Many clients refuse a longer name (host and path together), so no registry should accept one. */
const MAX_NAME_LENGTH = 255;

/** Whether the text is a repository name: lower-case path components, at most 255 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text);
}

/** Whether the text is a tag: at most 128 characters, not beginning with a dot or a dash. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Takes a sha256 or sha512 digest apart; undefined for everything else, other algorithms included. */
export function parseDigest(text: string): ParsedDigest | undefined {
  const match = DIGEST.exec(text);
  if (match === null) return undefined;
  const [, sha256, hex256, , hex512] = match;
  return sha256 !== undefined && hex256 !== undefined
    ? { algorithm: "sha256", hex: hex256 }
    : { algorithm: "sha512", hex: hex512 ?? "" };
}
