import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readVerified, verifiedBody } from "../../../engine/copy/verified-body.ts";
import { digestOf } from "../../../engine/oci/digest.ts";
import { failureOf } from "../failure.ts";

function describeBlob(
  bytes: Uint8Array,
  algorithm: "sha256" | "sha512" = "sha256",
): { mediaType: string; digest: ReturnType<typeof digestOf>; size: number } {
  return { mediaType: "application/octet-stream", digest: digestOf(bytes, algorithm), size: bytes.byteLength };
}

/** Everything that came out before the body failed or ended. */
async function drain(
  source: Readable,
  blob: ReturnType<typeof describeBlob>,
): Promise<{ bytes: number; code: string | undefined }> {
  let bytes = 0;
  const error = await failureOf(async () => {
    for await (const chunk of verifiedBody(source, blob)) bytes += chunk.byteLength;
  });
  return { bytes, code: error?.code };
}

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 });

describe("a body on its way", () => {
  test("comes out as it went in, however it is cut and by whatever algorithm it is named", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.constantFrom("sha256" as const, "sha512" as const), async (chunks, algorithm) => {
        const whole = Buffer.concat(chunks);
        const blob = describeBlob(whole, algorithm);
        expect(Buffer.from(await readVerified(Readable.from(chunks), blob))).toEqual(whole);
        expect(await drain(Readable.from(chunks), blob)).toEqual({ bytes: whole.byteLength, code: undefined });
      }),
    );
  });

  test("never comes out whole when it is wrong, too short or too long", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, pieces, async (chunks, wanted) => {
        const blob = describeBlob(Buffer.concat(wanted));
        fc.pre(!Buffer.concat(chunks).equals(Buffer.concat(wanted)));
        const { bytes, code } = await drain(Readable.from(chunks), blob);
        expect(["size-mismatch", "digest-mismatch"]).toContain(code);
        expect(bytes).toBeLessThan(Math.max(blob.size, 1));
      }),
    );
  });

  test("is broken off at the source: the error says so, and it is worth another try", async () => {
    const bytes = Buffer.from("content");
    async function* breaking(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 3);
      throw new Error("read ECONNRESET");
    }
    const error = await failureOf(() => readVerified(Readable.from(breaking()), describeBlob(bytes)));
    expect(error).toMatchObject({ code: "unavailable", side: "source" });
    expect(error?.message).toContain("after 3 of 7 bytes");
  });

  test("closes its source when nobody wants the rest", async () => {
    const bytes = Buffer.alloc(100_000);
    const source = Readable.from([bytes.subarray(0, 50_000), bytes.subarray(50_000), bytes]);
    for await (const chunk of verifiedBody(source, describeBlob(Buffer.alloc(1_000_000)))) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    expect(source.destroyed).toBe(true);
  });

  test("closes its source when more comes than should", async () => {
    const source = Readable.from([Buffer.alloc(10), Buffer.alloc(10), Buffer.alloc(10)]);
    expect(await drain(source, describeBlob(Buffer.alloc(15)))).toMatchObject({ code: "size-mismatch" });
    expect(source.destroyed).toBe(true);
  });

  test("tells how many bytes have come", async () => {
    const seen: number[] = [];
    const whole = Buffer.from("abcdef");
    const source = Readable.from([whole.subarray(0, 2), whole.subarray(2)]);
    for await (const _ of verifiedBody(source, describeBlob(whole), (bytes) => seen.push(bytes)));
    expect(seen).toEqual([2, 6]);
  });
});
