import { type Command, InvalidArgumentError, Option } from "commander";
import type { Selection } from "../engine/index.ts";

/** Which tags of a repository are wanted, as flags: the same words as in configurations. */
export interface SelectionFlags {
  readonly mode?: "highest" | "higher" | "semver" | "all";
  readonly allowPrerelease?: boolean;
  readonly compatibility?: string;
  readonly pinnedMajor?: number;
  readonly range?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly includeRegex?: readonly string[];
  readonly excludeRegex?: readonly string[];
  readonly keepLatest?: number;
  readonly higherOnEmpty?: "none" | "highest" | "all";
}

/** Adds those flags to a command. */
export function withSelection(command: Command): Command {
  return command
    .addOption(
      new Option("--mode <mode>", "highest version, higher than the destination's, every version, or all tags").choices(
        ["highest", "higher", "semver", "all"],
      ),
    )
    .option("--range <range>", 'only versions in this range, such as ">=1.2 <3"')
    .option("--allow-prerelease", "count versions such as 1.2.3-rc1 too")
    .option("--compatibility <text>", "only versions whose part behind the dash is exactly this, such as alpine")
    .option("--pinned-major <number>", "only versions of this major number", parseNumber)
    .option("--include <glob>", "only tags that match this: *, **, ?, {a,b}; may be repeated", collect)
    .option("--exclude <glob>", "no tag that matches this; may be repeated", collect)
    .option("--include-regex <expression>", "only tags that match this as a whole; may be repeated", collect)
    .option("--exclude-regex <expression>", "no tag that matches this as a whole; may be repeated", collect)
    .option("--keep-latest <number>", "only the highest so many of what is left", parseNumber)
    .addOption(
      new Option("--higher-on-empty <what>", "what higher takes while the destination has no version").choices([
        "none",
        "highest",
        "all",
      ]),
    );
}

/** The selection that the flags ask for, in the engine's words. */
export function selectionOf(flags: SelectionFlags): Selection {
  const { mode, allowPrerelease, compatibility, pinnedMajor, range, include, exclude, ...more } = flags;
  const { includeRegex, excludeRegex, keepLatest, higherOnEmpty } = more;
  const versions = { mode, allowPrerelease, compatibility, pinnedMajor, range };
  return { ...versions, include, exclude, includeRegex, excludeRegex, keepLatest, higherOnEmpty };
}

/** A comma can stand in an expression, and in a glob's braces: lists of these cannot be taken apart. */
function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

function parseNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
