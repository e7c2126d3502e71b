import * as fc from "fast-check";
import { expect, test } from "vitest";
import { count, formatBytes, formatDuration } from "../../cli/quantity.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [5_200_000, "5.2 MB"],
  [1.5e9, "1.5 GB"],
  [7e12, "7.0 TB"],
  [7e15, "7000.0 TB"],
])("%d bytes are shown as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("sizes below 1000 TB never need more than five digits", () => {
  fc.assert(
    fc.property(fc.nat({ max: 9e14 }), (bytes) => {
      expect(formatBytes(bytes)).toMatch(/^\d{1,3}(?:\.\d)? (?:B|kB|MB|GB|TB)$/);
    }),
  );
});

test.each([
  [0.4, "0 ms"],
  [42, "42 ms"],
  [1300, "1.3 s"],
  [125_000, "2 min 5 s"],
])("%d milliseconds are shown as %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test("one is singular, nothing and many are plural", () => {
  expect([0, 1, 2].map((number) => count(number, "blob"))).toEqual(["0 blobs", "1 blob", "2 blobs"]);
});
