/** A tag read as a version. */
export interface Version {
  /** As it is spelled at the registry. */
  readonly tag: string;
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** What stands behind the dash, such as `alpine` or `rc.1`; "" for a plain version. */
  readonly prerelease: string;
  /** How many of major, minor and patch are written. */
  readonly parts: number;
}

/** A tag that is no version, and why, for people. */
export interface NoVersion {
  readonly why: string;
}

/** Where a major number stops to be one: builds are counted and dates are written in larger numbers. */
const maxMajor = 1024n;
const maxNumber = 2n ** 64n - 1n;
/** Tags have at most 128 characters; what is longer was never one. */
const maxLength = 256;

const identifiers = String.raw`[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`;
const versionPattern = new RegExp(
  String.raw`^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-(${identifiers}))?(?:\+${identifiers})?$`,
);

/**
 * Reads a tag as a version, as people write tags: with or without `v`, and what is missing of minor and patch is 0.
 * Leading zeros are fine in the three numbers, not in numeric parts of the prerelease. A major number above 1024 is a
 * date or a build and so no version. This is the reading of Masterminds/semver 3, which replicant and Helm use.
 * @see https://semver.org/spec/v2.0.0.html
 */
export function parseVersion(tag: string): Version | NoVersion {
  const match = tag.length > maxLength ? null : versionPattern.exec(tag);
  if (!match) return { why: "it is no version" };
  const [, major = "", minor, patch, prerelease = ""] = match;
  const numbers = [major, minor ?? "0", patch ?? "0"].map(BigInt);
  if (numbers.some((number) => number > maxNumber)) return { why: "it is no version: a number is too large" };
  if (prerelease.split(".").some((part) => /^0[0-9]+$/.test(part))) {
    return { why: "it is no version: a number of its prerelease part begins with 0" };
  }
  const [first = 0n, second = 0n, third = 0n] = numbers;
  if (first > maxMajor) return { why: "it is no version but a date or a build: its first number is above 1024" };
  const parts = 1 + (minor === undefined ? 0 : 1) + (patch === undefined ? 0 : 1);
  return { tag, major: first, minor: second, patch: third, prerelease, parts };
}

export function isVersion(parsed: Version | NoVersion): parsed is Version {
  return "tag" in parsed;
}

/**
 * Which version is lower: negative, zero, positive. A prerelease is lower than its version; what stands behind a plus
 * does not count.
 * @see https://semver.org/spec/v2.0.0.html#spec-item-11
 */
export function compareVersions(one: Omit<Version, "tag" | "parts">, other: Omit<Version, "tag" | "parts">): number {
  return (
    compare(one.major, other.major) ||
    compare(one.minor, other.minor) ||
    compare(one.patch, other.patch) ||
    comparePrereleases(one.prerelease, other.prerelease)
  );
}

/**
 * A total order of tags, by their versions. Of several tags for one version the preferred one is the highest: the one
 * that says most (`1.0.0` before `1.0`), then the one without `v`, then without padding (`1.0` before `1.00`), then
 * the first in the alphabet.
 */
export function compareTags(one: Version, other: Version): number {
  return (
    compareVersions(one, other) ||
    one.parts - other.parts ||
    Number(other.tag.startsWith("v")) - Number(one.tag.startsWith("v")) ||
    other.tag.length - one.tag.length ||
    compare(other.tag, one.tag)
  );
}

function comparePrereleases(one: string, other: string): number {
  if (one === other) return 0;
  if (one === "") return 1;
  if (other === "") return -1;
  const others = other.split(".");
  for (const [index, part] of one.split(".").entries()) {
    const opposite = others[index];
    if (opposite === undefined) return 1;
    const difference = compareIdentifiers(part, opposite);
    if (difference !== 0) return difference;
  }
  return -1;
}

/** Numbers by value and below words, words as ASCII sorts them. */
function compareIdentifiers(one: string, other: string): number {
  const areNumbers = [one, other].map((part) => /^[0-9]+$/.test(part));
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] === true ? -1 : 1;
  // Numbers have no leading zeros here: the longer one is the larger one.
  if (areNumbers[0] === true && one.length !== other.length) return one.length - other.length;
  return compare(one, other);
}

function compare<Value extends bigint | string>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
