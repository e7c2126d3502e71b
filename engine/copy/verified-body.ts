import type { Readable } from "node:stream";
import { ImagesyncError, toImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, finishDigest, startDigest } from "../oci/digest.ts";

/**
 * Passes a blob's bytes on and checks them on the way: size, digest, and nothing behind the end. The last chunk is
 * held back until the digest is known, so that content that turns out wrong is never complete at the destination.
 * The source is closed when the reader stops early.
 * @throws `size-mismatch`, `digest-mismatch`, or what broke the source.
 */
export async function* verifiedBody(
  source: Readable,
  blob: Descriptor,
  onBytes?: (received: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const hash = startDigest(blob.digest);
  let received = 0;
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > blob.size) throw wrongSize(blob, `more than ${blob.size}`);
      hash.update(chunk);
      onBytes?.(received);
      if (held) yield held;
      held = chunk;
    }
  } catch (error) {
    throw broken(error, blob, received);
  }
  if (received !== blob.size) throw wrongSize(blob, String(received));
  const digest = finishDigest(hash, digestAlgorithm(blob.digest));
  if (digest !== blob.digest) {
    throw new ImagesyncError({
      code: "digest-mismatch",
      operation: "pull blob",
      side: "source",
      message: `Cannot pull blob ${blob.digest}: the bytes received have the digest ${digest}`,
      hint: "The source registry or a proxy before it serves damaged content",
    });
  }
  if (held) yield held;
}

/** A whole small blob in memory, verified. */
export async function readVerified(source: Readable, blob: Descriptor): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifiedBody(source, blob)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function wrongSize(blob: Descriptor, received: string): ImagesyncError {
  return new ImagesyncError({
    code: "size-mismatch",
    operation: "pull blob",
    side: "source",
    message: `Cannot pull blob ${blob.digest}: it has ${received} bytes, the manifest says ${blob.size}`,
    hint: "The source registry or a proxy before it serves damaged content",
  });
}

/** A connection that breaks in the middle of a body is the network's fault and worth another try. */
function broken(error: unknown, blob: Descriptor, received: number): ImagesyncError {
  const normal = toImagesyncError(error, "pull blob");
  if (normal.code !== "internal") return normal.with({ side: "source" });
  return new ImagesyncError({
    code: "unavailable",
    operation: "pull blob",
    side: "source",
    message: `Cannot pull blob ${blob.digest}: the connection broke after ${received} of ${blob.size} bytes`,
    cause: error,
  });
}
