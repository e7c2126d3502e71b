import { pipeline, type Readable, Transform } from "node:stream";
import { ImagesyncError } from "../errors.ts";
import { type Digest, digestAlgorithm, finishDigest, startDigest } from "../oci/digest.ts";

/**
 * A blob from a mirror, hashed on the way: its reader checks it as well, but could not tell the mirror from the registry
 * then. Fails with `digest-mismatch` after the last byte, and calls `onDamage` before. It destroys its source with it.
 */
export function checkedBody(source: Readable, digest: Digest, onDamage: () => void): Readable {
  const hash = startDigest(digest);
  const checked = new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform: (chunk: Uint8Array, _, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
    flush: (done) => {
      if (finishDigest(hash, digestAlgorithm(digest)) === digest) {
        done();
        return;
      }
      onDamage();
      done(
        new ImagesyncError({
          code: "digest-mismatch",
          operation: "pull blob",
          message: `Cannot pull blob ${digest}: a mirror sends other content`,
          hint: "It is not asked for this blob again",
        }),
      );
    },
  });
  // The failure is the reader's to handle; a stop may come before there is one.
  checked.on("error", () => undefined);
  pipeline(source, checked, () => undefined);
  return checked;
}
