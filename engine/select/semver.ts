import Range from "semver/classes/range.js";
import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { compareVersions, type Version } from "./version.ts";

/** Nobody writes longer ones; npm's own parser takes any length. */
const maxLength = 1024;

export interface RangeOptions {
  /** Whether prereleases are in a range: `2.0.0-rc.1` in `>=1.2`, though not in `<2`. */
  readonly prereleases: boolean;
  /**
   * A prerelease part that all versions have and that says a flavour, such as `alpine`: it does not count, neither in
   * versions nor in the range. So `1.2.3-alpine` is in `>=1.2.3`.
   */
  readonly flavour?: string | undefined;
}

/**
 * Reads a range in npm's notation (`>=1.2 <3 || ~4.1`). Only its syntax is npm's: versions are compared as everywhere
 * here, because npm's own comparison refuses numbers above 2^53.
 * @throws `config` that quotes the range.
 * @see https://github.com/npm/node-semver/tree/v7.8.6#ranges
 */
export function compileRange(text: string, options: RangeOptions): (version: Version) => boolean {
  const { prereleases, flavour = "" } = options;
  const alternatives = parse(text, prereleases).set.map((comparators) =>
    comparators.map(({ operator, semver }) => {
      // npm writes "any version" as a comparator with a symbol in the place of the version.
      if (typeof semver.major !== "number") return () => true;
      const prerelease = semver.prerelease.join(".");
      const bound = {
        major: BigInt(semver.major),
        minor: BigInt(semver.minor),
        patch: BigInt(semver.patch),
        prerelease: prerelease === flavour ? "" : prerelease,
      };
      return (version: Version): boolean => {
        const plain = flavour === "" ? version : { ...version, prerelease: "" };
        return holds(compareVersions(plain, bound), operator);
      };
    }),
  );
  return (version) => alternatives.some((comparators) => comparators.every((comparator) => comparator(version)));
}

function parse(text: string, includePrerelease: boolean): Range {
  if (text.length > maxLength) throw invalid(text, `it has ${text.length} characters, ${maxLength} are possible`);
  // npm reads "" as any version: whoever leaves a range empty meant to write one, or none.
  if (text.trim() === "") throw invalid(text, "it is empty");
  try {
    return new Range(text, { includePrerelease });
  } catch (error) {
    throw invalid(text, "it cannot be read", error);
  }
}

function holds(difference: number, operator: "" | "=" | "<" | ">" | "<=" | ">="): boolean {
  switch (operator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    default:
      return difference === 0;
  }
}

function invalid(text: string, why: string, cause?: unknown): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "read a range",
    message: `Invalid range of versions ${quote(text)}: ${why}`,
    hint: "Write it as npm does, for example >=1.2 <3 || ~4.1",
    cause,
  });
}
