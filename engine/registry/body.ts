import { ImagesyncError } from "../errors.ts";
import type { HttpResponse } from "../http/message.ts";

/**
 * Reads a whole answer into memory, at most `limit` bytes: past that it stops reading and fails, or with `truncate`
 * returns what it has. The body is closed in every case.
 * @throws `limit`
 */
export async function readBody(
  response: HttpResponse,
  limit: number,
  onLimit: "fail" | "truncate" = "fail",
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= limit) continue;
      if (onLimit === "truncate") break;
      throw new ImagesyncError({
        code: "limit",
        operation: "read an answer",
        message: `Cannot read the answer of ${new URL(response.url).host}: it has more than ${limit} bytes`,
        status: response.status,
      });
    }
  } finally {
    response.body.destroy();
  }
  const whole = Buffer.concat(chunks);
  return whole.subarray(0, Math.min(whole.byteLength, limit));
}

/** Lets go of an answer whose body does not matter; small rests are read so that the connection can be used again. */
export function discardBody(response: HttpResponse): void {
  response.body.on("error", () => {
    // Nobody waits for this body any more.
  });
  response.body.resume();
}
