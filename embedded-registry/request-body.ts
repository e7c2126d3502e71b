import type { IncomingMessage } from "node:http";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RegistryError } from "./errors.ts";

/**
 * Reads a small body into memory. When it passes the limit, in bytes, `tooLarge` is thrown at once; what still comes is
 * thrown away unseen, so that the client can read its answer.
 */
export async function readBody(
  body: Readable,
  limit: number,
  tooLarge: RegistryError,
  onReceived: (bytes: number) => void = () => {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("The request ended before its body"));
    // A stream that is destroyed already says nothing any more, not even that it is closed.
    if (body.destroyed) gone();
    const chunks: Buffer[] = [];
    let size = 0;
    body.on("data", (chunk: Buffer) => {
      size += chunk.length;
      onReceived(chunk.length);
      if (size <= limit) chunks.push(chunk);
      else reject(tooLarge);
    });
    body.on("end", () => resolve(Buffer.concat(chunks)));
    body.on("error", reject);
    body.on("close", gone);
  });
}

/** The body of a request whose connection ends after so many bytes of it: an injected fault. */
export function cutBody(request: IncomingMessage, limit: number): Readable {
  let received = 0;
  const cut = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, Math.max(0, limit - received));
      received += chunk.length;
      done(null, part);
      if (received > limit) request.socket.destroy();
    },
  });
  // The reader of the second stream hears of the end of the first.
  pipeline(request, cut).catch(() => {});
  return cut;
}
