import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseByteSize } from "../../../engine/http/byte-size.ts";

test.each<[string, number | undefined]>([
  ["1B", 1],
  ["50MiB", 50 * 1024 ** 2],
  ["50 MiB", 50 * 1024 ** 2],
  ["50MB", 50_000_000],
  ["1.5GB", 1_500_000_000],
  ["800kB", 800_000],
  ["800KB", 800_000],
  ["2KiB", 2048],
  ["0B", undefined],
  ["0.1B", undefined],
  ["", undefined],
  ["50", undefined],
  ["MiB", undefined],
  ["-1MiB", undefined],
  ["1e3B", undefined],
  ["50mib", undefined],
  ["50kib", undefined],
  ["50MiB/s", undefined],
  ["1TiB", undefined],
  ["999999999999GiB", undefined],
  [`${"9".repeat(10_000)}B`, undefined],
])("%.30s is %s bytes", (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test("a size is a whole number above 0, or none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d+(\.\d+)?[kMG]?i?B$/)), (text) => {
      const bytes = parseByteSize(text) ?? 1;
      expect(Number.isSafeInteger(bytes) && bytes > 0).toBe(true);
    }),
  );
});
