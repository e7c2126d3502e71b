import { createHash } from "node:crypto";
import { layerContent, opaqueContent, planLayer, tarContent } from "./layer-content.ts";

/** A blob that can be read as often as wanted; every reading makes the same bytes. */
export interface TestBlob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Digest of the archive inside, for layers. */
  readonly diffId?: string;
  open(): Iterable<Buffer>;
}

/** `sha256`, or `sha512`, which the specification registers and few images use. */
export type Algorithm = "sha256" | "sha512";

interface Digests {
  readonly digest: string;
  readonly diffId: string;
}

/** Hashing a layer of gigabytes takes seconds, and the same ones are built by several tests. */
const known = new Map<string, Digests>();

/** A layer of exactly `size` bytes. */
export function layerBlob(seed: string, size: number, algorithm: Algorithm = "sha256"): TestBlob {
  const plan = planLayer(seed, size);
  const open = (): Iterable<Buffer> => (plan === undefined ? opaqueContent(seed, size) : layerContent(plan));
  const key = `${algorithm} ${size} ${seed}`;
  let digests = known.get(key);
  if (digests === undefined) {
    const digest = digestOf(open(), algorithm);
    digests = { digest, diffId: plan === undefined ? digest : digestOf(tarContent(plan)) };
    known.set(key, digests);
  }
  return { ...digests, size, open };
}

/** A blob of bytes in memory. */
export function bytesBlob(bytes: Buffer | string, algorithm: Algorithm = "sha256"): TestBlob {
  const content = Buffer.from(bytes);
  return { digest: digestOf([content], algorithm), size: content.length, open: () => [content] };
}

/** `algorithm:hex` of everything the pieces hold. */
export function digestOf(pieces: Iterable<Buffer>, algorithm: Algorithm = "sha256"): string {
  const hash = createHash(algorithm);
  for (const piece of pieces) hash.update(piece);
  return `${algorithm}:${hash.digest("hex")}`;
}
