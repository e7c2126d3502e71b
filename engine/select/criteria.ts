import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { isTag, tagGrammar } from "../oci/reference.ts";
import { isAttachmentTag, isRetentionTag } from "../oci/special-tag.ts";
import { compileGlob } from "./glob.ts";
import { compileRegex } from "./regex.ts";
import type { Selection } from "./selection.ts";
import { compileRange } from "./semver.ts";
import { isVersion, parseVersion, type Version } from "./version.ts";

/** What a selection asks of one tag, checked and ready to use. */
export interface Criteria {
  /** Why a tag is not wanted for its name. @returns undefined when nothing speaks against it */
  readonly againstName: (tag: string) => string | undefined;
  /** Why a version is not wanted. @returns undefined when nothing speaks against it */
  readonly againstVersion: (version: Version) => string | undefined;
  /** Whether a tag that is no version is not wanted. */
  readonly onlyVersions: boolean;
}

const modes: readonly unknown[] = ["highest", "higher", "semver", "all"];
const onEmpty: readonly unknown[] = ["none", "highest", "all"];
/** Each tag is held against each pattern. */
const maxPatterns = 1000;

/** @throws `config` that names the field. */
export function compileCriteria(selection: Selection): Criteria {
  const { mode = "all", higherOnEmpty = "none", tags, pinnedMajor, keepLatest, compatibility, range } = selection;
  if (!modes.includes(mode)) throw invalid("mode", `${quote(mode)} is none`, `Write ${modes.join(", ")}`);
  if (!onEmpty.includes(higherOnEmpty)) {
    throw invalid("higherOnEmpty", `${quote(higherOnEmpty)} is unknown`, `Write ${onEmpty.join(", ")}`);
  }
  if (tags !== undefined) checkTags(tags);
  checkNumber("keepLatest", keepLatest, 1, Number.MAX_SAFE_INTEGER);
  checkNumber("pinnedMajor", pinnedMajor, 0, 1024);
  if (compatibility !== undefined) checkCompatibility(compatibility);
  const narrowed = compatibility !== undefined || pinnedMajor !== undefined || range !== undefined;
  return {
    onlyVersions: mode !== "all" || narrowed,
    againstName: nameCriteria(selection),
    againstVersion: versionCriteria(selection),
  };
}

function nameCriteria(selection: Selection): Criteria["againstName"] {
  const included = [
    ...compilePatterns("include", selection.include, compileGlob),
    ...compilePatterns("includeRegex", selection.includeRegex, compileRegex),
  ];
  const excluded = [
    ...compilePatterns("exclude", selection.exclude, compileGlob),
    ...compilePatterns("excludeRegex", selection.excludeRegex, compileRegex),
  ];
  return (tag) => {
    if (included.length > 0 && !included.some(({ matches }) => matches(tag))) return "no pattern includes it";
    const excluding = excluded.find(({ matches }) => matches(tag));
    return excluding === undefined ? undefined : `${quote(excluding.pattern)} excludes it`;
  };
}

function versionCriteria(selection: Selection): Criteria["againstVersion"] {
  const { mode = "all", compatibility, pinnedMajor, range } = selection;
  const prereleases = mode === "all" || selection.allowPrerelease === true;
  const inRange =
    range === undefined
      ? undefined
      : inField("range", () => compileRange(range, { prereleases, flavour: compatibility }));
  const major = pinnedMajor === undefined ? undefined : BigInt(pinnedMajor);
  return (version) => {
    if (compatibility === undefined && !prereleases && version.prerelease !== "") return "it is a prerelease";
    if (compatibility !== undefined && version.prerelease !== compatibility) {
      return compatibility === "" ? "it is a prerelease" : `its prerelease part is not ${quote(compatibility)}`;
    }
    if (major !== undefined && version.major !== major) return `its major number is not ${major}`;
    return inRange?.(version) === false ? "it is not in the range" : undefined;
  };
}

interface Pattern {
  readonly pattern: string;
  readonly matches: (tag: string) => boolean;
}

function compilePatterns(
  field: "include" | "exclude" | "includeRegex" | "excludeRegex",
  patterns: readonly string[] = [],
  compile: (pattern: string) => Pattern["matches"],
): readonly Pattern[] {
  if (patterns.length > maxPatterns) {
    throw invalid(field, `it has ${patterns.length} patterns, ${maxPatterns} are possible`, "Combine some of them");
  }
  return patterns.map((pattern) => ({ pattern, matches: inField(field, () => compile(pattern)) }));
}

function checkTags(tags: readonly string[]): void {
  if (tags.length === 0) throw invalid("tags", "the list is empty", "Name a tag, or leave the list out for every tag");
  for (const tag of tags) {
    if (!isTag(tag)) {
      throw invalid("tags", `${quote(tag)} is not a tag`, tagGrammar);
    }
    if (isAttachmentTag(tag) || isRetentionTag(tag)) {
      throw invalid(
        "tags",
        `${quote(tag)} is no image of its own`,
        "Name the image that it belongs to: what belongs to an image travels with it",
      );
    }
  }
}

function checkNumber(
  field: "keepLatest" | "pinnedMajor",
  value: number | undefined,
  least: number,
  most: number,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw invalid(field, `it is ${value}`, `Write a whole number ${bounds}`);
}

function checkCompatibility(compatibility: string): void {
  const parsed = compatibility === "" ? undefined : parseVersion(`0.0.0-${compatibility}`);
  if (parsed === undefined || (isVersion(parsed) && parsed.prerelease === compatibility)) return;
  throw invalid(
    "compatibility",
    `${quote(compatibility)} cannot stand behind the dash of a version`,
    'Write it without the dash, such as alpine for 1.2.3-alpine; "" takes plain versions only',
  );
}

/** Says in which field of a selection something could not be read. */
function inField<Value>(field: keyof Selection, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    throw new ImagesyncError({
      code: "config",
      operation: "read a selection",
      message: `Invalid "${field}" of a selection: ${error.message}`,
      hint: error.hint,
      cause: error,
    });
  }
}

function invalid(field: keyof Selection, why: string, hint: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "read a selection",
    message: `Invalid "${field}" of a selection: ${why}`,
    hint,
  });
}
