import { type Command, Option } from "commander";
import { type RetagPolicy, retagPolicies } from "../lock/retag.ts";

/** What is remembered of tags between runs, as flags. */
export interface MemoryFlags {
  readonly lockFile?: string;
  readonly onRetag?: RetagPolicy;
}

/** Adds those flags to a command. */
export function withMemory(command: Command): Command {
  return command
    .option("--lock-file <file>", "remember what each tag has held at its source, and tell when one is moved")
    .addOption(
      new Option("--on-retag <policy>", "what happens to an image whose tag was moved (default: warn)").choices(
        retagPolicies,
      ),
    );
}
