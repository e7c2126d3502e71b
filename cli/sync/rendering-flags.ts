import { type Command, Option } from "commander";
import type { Invocation } from "../invocation.ts";
import type { LogFormat, Verbosity } from "../progress/messages.ts";
import type { Display } from "../progress/display.ts";
import { createDisplay, type ProgressMode, progressModes } from "../progress.ts";

/** How the result is printed, and how much is told meanwhile, as flags. */
export interface RenderingFlags {
  readonly output: ResultFormat;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly logFormat: LogFormat;
  readonly progress: ProgressMode;
  /** False for `--no-color`. */
  readonly color: boolean;
}

/** `text` for people, `json`: one object, `jsonl`: an object a line, each as soon as it is known. */
export type ResultFormat = "text" | "json" | "jsonl";

/** Adds those flags to a command that works on many images; without `--debug` where it has that one already. */
export function withRendering(command: Command, { debug = true }: { readonly debug?: boolean } = {}): Command {
  command
    .addOption(
      new Option("-o, --output <format>", "form of the result").choices(["text", "json", "jsonl"]).default("text"),
    )
    .option("-q, --quiet", "print the result and errors only")
    .option("-v, --verbose", "tell of each image, blob and manifest, also where nothing changes");
  if (debug) command.option("-d, --debug", "tell everything");
  return command
    .addOption(new Option("--log-format <format>", "form of messages").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--progress <mode>", "how progress is shown: tty draws, plain writes a line for each change")
        .choices(progressModes)
        .default("auto"),
    )
    .option("--no-color", "no colours; NO_COLOR does the same");
}

/** The environment in which colours are as the flags want them. */
export function colouring(flags: Pick<RenderingFlags, "color">, invocation: Invocation): Invocation {
  return flags.color ? invocation : { ...invocation, environment: { ...invocation.environment, NO_COLOR: "1" } };
}

/** Opens the display that the flags ask for. */
export function displayFor(flags: Omit<RenderingFlags, "output" | "color">, invocation: Invocation): Display {
  const { progress: mode, logFormat } = flags;
  return createDisplay(invocation, { mode, verbosity: verbosityOf(flags), logFormat });
}

function verbosityOf({ quiet, verbose, debug }: Pick<RenderingFlags, "quiet" | "verbose" | "debug">): Verbosity {
  if (debug === true) return "debug";
  if (verbose === true) return "verbose";
  return quiet === true ? "quiet" : "normal";
}
