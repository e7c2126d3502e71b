import { CommanderError } from "commander";
import { Ended } from "./ended.ts";
import { renderError } from "./error-report.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { createProgram } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** Runs one command line. Failures are printed on stderr, never thrown. @returns the exit code */
export async function run(invocation: Invocation): Promise<number> {
  try {
    await createProgram(invocation).parseAsync(invocation.arguments, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    // Commander has printed the reason already; --help and --version end this way too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof Ended) return error.code;
    if (error instanceof UsageError) {
      invocation.stderr.write(renderError(error, invocation.environment));
      return exitCodes.usage;
    }
    const { toImagesyncError } = await import("../engine/index.ts");
    const known = toImagesyncError(error, "run the command");
    invocation.stderr.write(renderError(known, invocation.environment));
    return exitCodeOf(known);
  }
}
