import { Command, type CommanderError, InvalidArgumentError, Option, type ParseOptionsResult } from "commander";
import { Ended } from "../ended.ts";
import { renderError } from "../error-report.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { UsageError } from "../usage-error.ts";
import { fromGoArguments, strayValue } from "./go-arguments.ts";

/** A command that is called as a program in Go was: it reads flags as that did, and ends with 1 for every mistake. */
export class GoCommand extends Command {
  override parseOptions(argv: string[]): ParseOptionsResult {
    const meant = strayValue(argv, this.options);
    if (meant !== undefined) this.error(`error: a switch takes its value behind "="; write ${meant}`);
    return super.parseOptions(fromGoArguments(argv, this.options));
  }

  /** What commander finds wrong it has said already; only the code is another one. */
  override exitOverride(): this {
    return super.exitOverride((error: CommanderError) => {
      throw error.exitCode === 0 ? error : new Ended(exitCodes.failed);
    });
  }
}

/** A flag that is true or false, such as `--debug`, `--debug=false`. */
export function goSwitch(flags: string, description: string): Option {
  return new Option(`${flags} [boolean]`, description).argParser((text: string) => {
    const value = parseSwitch(text);
    if (value === undefined) throw new InvalidArgumentError("Write =true or =false.");
    return value;
  });
}

/** Everything that Go takes for true and false. @see https://pkg.go.dev/strconv#ParseBool */
function parseSwitch(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}

/** The first of these variables that has a value; an empty one is none. */
export function variableOf({ environment }: Pick<Invocation, "environment">, ...names: string[]): string | undefined {
  return names.map((name) => environment[name]).find((value) => value !== undefined && value !== "");
}

/** A variable that is true or false. @throws UsageError for anything else: it may be meant to keep from writing. */
export function switchOf(invocation: Pick<Invocation, "environment">, name: string): boolean | undefined {
  const text = variableOf(invocation, name);
  const value = text === undefined ? undefined : parseSwitch(text);
  if (value !== undefined || text === undefined) return value;
  throw new UsageError(`${name} is neither true nor false`, `Set ${name} to true or false, or unset it`);
}

/** Does the work of a command; what is wrong before it begins is told, and ends it with 1. @throws Ended */
export async function endingWithOne({ stderr, environment }: Invocation, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Ended) throw error;
    const { toImagesyncError } = await import("../../engine/index.ts");
    const known = error instanceof UsageError ? error : toImagesyncError(error, "run the command");
    stderr.write(renderError(known, environment));
    throw new Ended(
      known.name === "ImagesyncError" && known.code === "aborted" ? exitCodes.interrupted : exitCodes.failed,
    );
  }
}
