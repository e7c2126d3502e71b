import { createHash } from "node:crypto";
import { manifestOf, type TestDescriptor, type TestManifest } from "./manifest.ts";
import { types } from "./media-types.ts";

const mebibyte = 1024 * 1024;

/** An image with one blob that is not to be held in memory. */
export interface HugeImage {
  readonly image: TestManifest;
  readonly layer: TestDescriptor;
  /** The blob, one piece of a mebibyte again and again, made as it is read. */
  readonly content: () => Generator<Buffer>;
}

export function buildHugeImage(mebibytes: number): HugeImage {
  function* content(): Generator<Buffer> {
    const piece = Buffer.alloc(mebibyte, "layer");
    for (let number = 0; number < mebibytes; number += 1) yield piece;
  }
  const hash = createHash("sha256");
  for (const piece of content()) hash.update(piece);
  const digest = `sha256:${hash.digest("hex")}`;
  const layer = { mediaType: types.oci.layer, digest, size: mebibytes * mebibyte };
  const image = manifestOf(types.oci.manifest, {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: layer,
    layers: [],
  });
  return { image, layer, content };
}
