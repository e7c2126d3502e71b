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

/** At most 80 characters of untrusted text for messages, with everything escaped that steers a terminal or hides. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  // JSON leaves DEL, C1 (an escape sequence can start with one of them) and the marks of writing direction as they are.
  return JSON.stringify(short).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? "?" : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Any value of a parsed document, for messages. Never calls a method of it: a document may define `toString`. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return value === undefined ? "missing" : "an object or a list";
}
