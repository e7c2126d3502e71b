import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Collected } from "../../../engine/http/collected.ts";

test("what was collected is what came, in its order, whatever the pieces", () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(20_000).fill(7)));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 60, maxLength: 120 }), (contents) => {
      const collected = new Collected();
      const sent = contents.map((content) => Buffer.from(content));
      for (const content of sent) collected.add(content);
      expect(Buffer.concat(collected.pieces).equals(Buffer.concat(sent))).toBe(true);
    }),
  );
});

test("a body that comes byte by byte is kept in few pieces", () => {
  const collected = new Collected();
  const bytes = Buffer.from("abcdefghij".repeat(20_000));
  for (let at = 0; at < bytes.byteLength; at += 1) collected.add(bytes.subarray(at, at + 1));
  expect(Buffer.concat(collected.pieces).equals(bytes)).toBe(true);
  expect(collected.pieces.length).toBeLessThan(100);
});
