import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../engine/errors.ts";
import {
  digestAlgorithm,
  digestOf,
  finishDigest,
  isDigest,
  parseDigest,
  quote,
  show,
  startDigest,
} from "../../../engine/oci/digest.ts";

const hex64 = "a3".repeat(32);
const hex128 = "0f".repeat(64);

describe("a digest", () => {
  test.each([`sha256:${hex64}`, `sha512:${hex128}`])("is read: %s", (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  test.each([
    ["nothing", ""],
    ["a colon", ":"],
    ["no algorithm", hex64],
    ["an empty algorithm", `:${hex64}`],
    ["no encoding", "sha256:"],
    ["a short encoding", `sha256:${hex64.slice(1)}`],
    ["a long encoding", `sha256:${hex64}0`],
    ["upper-case digits", `sha256:${hex64.toUpperCase()}`],
    ["an upper-case algorithm", `SHA256:${hex64}`],
    ["other letters", `sha256:${"g".repeat(64)}`],
    ["the length of the other algorithm", `sha512:${hex64}`],
    ["an algorithm that is not registered", `md5:${"a".repeat(32)}`],
    ["an algorithm with separators", `sha256+b64:${hex64}`],
    ["the name of an object's own method", `constructor:${hex64}`],
    ["the name of the prototype", `__proto__:${hex64}`],
    ["a line break at the end", `sha256:${hex64}\n`],
    ["a space before", ` sha256:${hex64}`],
    ["a NUL", `sha256:${hex64.slice(1)}\0`],
    ["digits of another script", `sha256:${"٣".repeat(64)}`],
  ])("is refused: %s", (_name, text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "invalid-reference" }) as Error);
  });

  test("of bytes is what its running hash gives, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }),
        fc.constantFrom("sha256" as const, "sha512" as const),
        (pieces, algorithm) => {
          const digest = digestOf(Buffer.concat(pieces), algorithm);
          const hash = startDigest(digest);
          for (const piece of pieces) hash.update(piece);
          expect(isDigest(digest)).toBe(true);
          expect(digestAlgorithm(digest)).toBe(algorithm);
          expect(finishDigest(hash, algorithm)).toBe(digest);
        },
      ),
    );
  });

  test("refuses any text with an error of ours", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!isDigest(text));
        expect(() => parseDigest(text)).toThrow(ImagesyncError);
      }),
    );
  });
});

test("text quoted in a message is short and has no control characters", () => {
  const unit = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom("\u001b", "\u009b", "\u202e", "\u007f", "\u2028"),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 200 }), (text) => {
      const quoted = quote(text);
      expect(quoted).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      expect((JSON.parse(quoted) as string).length).toBeLessThanOrEqual(80);
    }),
  );
});

test.each([
  ["x", '"x"'],
  ["\u009b31m", '"\\u009b31m"'],
  [undefined, "missing"],
  [null, "null"],
  [1e21, "1e+21"],
  [{ toString: "no function" }, "an object or a list"],
  [[["x"]], "an object or a list"],
])("a value of a document is shown whatever it is: %j", (value, shown) => {
  expect(show(value)).toBe(shown);
});
