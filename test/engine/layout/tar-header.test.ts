import * as fc from "fast-check";
import * as tar from "tar-stream";
import { describe, expect, test } from "vitest";
import { decodeHeader, decodePax, encodeFileHeader, padding } from "../../../engine/layout/tar-header.ts";

/** A header that another program has written. */
async function foreignHeader(entry: { name: string; size: number }): Promise<Buffer> {
  const pack = tar.pack();
  pack.entry(entry);
  pack.finalize();
  for await (const chunk of pack as AsyncIterable<Buffer>) return chunk;
  throw new Error("It wrote nothing");
}

describe("a header", () => {
  test("is read as it was written, and as another program reads it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[a-z0-9/.]{1,100}$/),
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        async (name, size) => {
          fc.pre(!name.endsWith("/"));
          const bytes = encodeFileHeader(name, size);
          expect(decodeHeader(bytes)).toEqual({ name, size, type: "0" });
          const extract = tar.extract();
          const seen = new Promise<unknown>((resolve) => {
            extract.once("entry", (header) => resolve(header));
          });
          extract.write(bytes);
          expect(await seen).toMatchObject({ name, size, type: "file", mode: 0o644, mtime: new Date(0) });
          extract.destroy();
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([0, 1, 8 ** 11 - 1, 8 ** 11, 2 ** 40])("another program's with %d bytes is read", async (size) => {
    const bytes = await foreignHeader({ name: `blobs/sha256/${"a".repeat(64)}`, size });
    expect(decodeHeader(bytes)).toEqual({ name: `blobs/sha256/${"a".repeat(64)}`, size, type: "0" });
  });

  test("of zeros is the end, a changed one is none", () => {
    expect(decodeHeader(new Uint8Array(512))).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const bytes = encodeFileHeader("index.json", 77);
        bytes[position] = ((bytes[position] ?? 0) + change) % 256;
        let read: unknown;
        try {
          read = decodeHeader(bytes);
        } catch (error) {
          read = error;
        }
        // Blanks and zeros end the checksum, whatever follows them.
        const isTail = position >= 154 && position < 156;
        expect(read instanceof RangeError || isTail).toBe(true);
      }),
    );
  });

  test("any block is a header or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 600 }), (block) => {
        const read = (): string => {
          try {
            decodeHeader(block);
            return "read";
          } catch (error) {
            return error instanceof RangeError ? "refused" : String(error);
          }
        };
        expect(["read", "refused"]).toContain(read());
      }),
    );
  });
});

test("the padding fills the last block", () => {
  for (const [bytes, zeros] of [
    [0, 0],
    [1, 511],
    [512, 0],
    [513, 511],
    [2 ** 40 + 500, 12],
  ] as const)
    expect(padding(bytes).byteLength).toBe(zeros);
});

describe("the records of a pax header", () => {
  test("are read", () => {
    const records = decodePax(new TextEncoder().encode("11 path=ab\n20 comment=a=b\nc é\n14 size=12345\n"));
    expect([...records]).toEqual([
      ["path", "ab"],
      ["comment", "a=b\nc é"],
      ["size", "12345"],
    ]);
  });

  test.each(["x", "9 path=ab\n", "99 path=ab\n", "-1 path=ab\n", "11 pathXab\n", "5 =a\n", "0 a=b\n", "1e1 path=a\n"])(
    "%j is none",
    (text) => {
      expect(() => decodePax(new TextEncoder().encode(text))).toThrow(RangeError);
    },
  );

  test("any bytes are records or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const read = (): string => {
          try {
            decodePax(bytes);
            return "read";
          } catch (error) {
            return error instanceof RangeError ? "refused" : String(error);
          }
        };
        expect(["read", "refused"]).toContain(read());
      }),
    );
  });
});
