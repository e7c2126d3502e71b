import * as fc from "fast-check";

const number = fc.oneof(
  fc.nat({ max: 12 }).map(String),
  fc.constantFrom("00", "01", "1024", "1025", "9007199254740992", "9007199254740993", "18446744073709551615"),
);
const identifier = fc.constantFrom("alpine", "rc", "0", "1", "2", "10", "01", "-", "x-1", "18446744073709551616");
const prerelease = fc.array(identifier, { minLength: 1, maxLength: 3 }).map((parts) => `-${parts.join(".")}`);

/** Tags that are versions, or nearly. */
export const versionTag: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "", "v"),
    fc.array(number, { minLength: 1, maxLength: 3 }),
    fc.oneof({ weight: 2, arbitrary: fc.constant("") }, prerelease),
  )
  .map(([v, numbers, suffix]) => `${v}${numbers.join(".")}${suffix}`);

/** What repositories have: versions, names, and what belongs to images. */
export const anyTag: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: versionTag },
  fc.constantFrom("latest", "stable-alpine", "20230101", "2023.01.01", `sha256-${"a".repeat(64)}.sig`),
  fc.constantFrom(`sha256-${"b".repeat(64)}`, `imagesync-previous.${"c".repeat(32)}.1.0`),
  fc.stringMatching(/^\w[\w.-]{0,8}$/),
);
