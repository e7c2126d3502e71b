import { createHash, type Hash } from "node:crypto";
import { ImagesyncError } from "../errors.ts";

/**
 * `algorithm:encoded`, checked by {@link parseDigest}.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = string & { readonly __brand: "Digest" };

/** Only the registered algorithms: content of any other can't be verified, so it is refused. */
const encodedLengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Reads a digest. @throws `invalid-reference` when the algorithm is not registered or the encoding is malformed. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new ImagesyncError({
      code: "invalid-reference",
      operation: "read a digest",
      message: `Invalid digest ${quote(text)}`,
      hint: "A digest is sha256: and 64 lower-case hexadecimal digits, or sha512: and 128",
    });
  }
  return text;
}

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":");
  const length = encodedLengths[text.slice(0, Math.max(colon, 0))];
  if (length === undefined || text.length !== colon + 1 + length) return false;
  return /^[0-9a-f]+$/.test(text.slice(colon + 1));
}

/** `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The digest of bytes in memory; sha256 unless another algorithm is named. */
export function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** A running hash for the algorithm of `digest`; finish it with {@link finishDigest}. */
export function startDigest(digest: Digest): Hash {
  return createHash(digestAlgorithm(digest));
}

export function finishDigest(hash: Hash, algorithm: "sha256" | "sha512"): Digest {
  return `${algorithm}:${hash.digest("hex")}` as Digest;
}

/** At most 80 characters of untrusted text, control characters escaped, for messages. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(short);
}
