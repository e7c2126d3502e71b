import { array, assert, property, record, string } from "fast-check";
import { expect, test } from "vitest";
import { parseDigest } from "../../../../engine/index.ts";
import { reportLines } from "../../../../provider-shim/resources/imagesync/report-lines.ts";

const digest = (digit: string): ReturnType<typeof parseDigest> => parseDigest(`sha256:${digit.repeat(64)}`);

test("nothing kept and nothing skipped is nothing to say", () => {
  expect(reportLines([], [])).toEqual([]);
});

test("what is kept for the same reason is one line, with the first three of them and how many more", () => {
  const kept = ["1", "2", "3", "4", "5"].map((digit) => ({ digest: digest(digit), by: "tag 1.27" }));
  expect(reportLines([...kept, { digest: digest("6"), by: "keep_digests" }], [])).toEqual([
    `- kept ${digest("1")}, ${digest("2")}, ${digest("3")} and 2 more: tag 1.27`,
    `- kept ${digest("6")}: keep_digests`,
  ]);
});

test("a thing that is named twice for one reason is named once", () => {
  const again = { what: "collection", why: "the tags cannot be listed" };
  expect(reportLines([], [again, again])).toEqual(["- skipped collection: the tags cannot be listed"]);
});

test("hundreds of reasons are eleven lines", () => {
  const skipped = Array.from({ length: 300 }, (_, index) => ({ what: `tag ${index}`, why: `reason ${index}` }));
  const lines = reportLines([], skipped);
  expect(lines.length).toBe(11);
  expect(lines.at(-1)).toBe("- and 290 more");
});

test("whatever is reported, there are never more than eleven lines, and each entry is named or counted", () => {
  const entry = record({ what: string(), why: string() });
  assert(
    property(array(entry, { maxLength: 60 }), (skipped) => {
      const lines = reportLines([], skipped);
      expect(lines.length).toBeLessThanOrEqual(11);
      expect(lines.length === 0).toBe(skipped.length === 0);
    }),
  );
});
