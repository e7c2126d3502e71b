import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { endingWithOne, GoCommand, goSwitch, switchOf, variableOf } from "./predecessors/go-command.ts";
import type { Display } from "./progress/display.ts";
import { type ConnectionsFlags, withConnections } from "./sync/connections.ts";
import { colouring, displayFor, type RenderingFlags, withRendering } from "./sync/rendering-flags.ts";
import type { ImageResult } from "./sync/result.ts";

interface ReplicantFlags extends ConnectionsFlags, RenderingFlags {
  readonly configFile?: string;
  readonly exitOnError?: boolean;
}

/** Where the image of replicant, and its chart, have it. */
const defaultFile = "/config/replicant.yaml";

const examples = `
Takes replicant's place in jobs as they are. It ends with 0 also when images have failed, unless -e is given; with 1 when
the configuration or a login cannot be used. imagesync sync -c FILE reads the same file and ends with codes of its own.

Examples:
  imagesync replicant -c replicant.yaml
  REPLICANT_CONFIG_FILE=replicant.yaml REPLICANT_EXIT_ON_ERROR=true imagesync replicant`;

/**
 * `imagesync replicant`: the command line of replicant.
 * @see https://github.com/tammert/replicant/blob/main/README.md
 */
export function replicantCommand(invocation: Invocation): Command {
  const command = new GoCommand("replicant")
    .description("take replicant's place: its file, flags, variables and exit codes")
    .option(
      "-c, --config-file <file>",
      `the images [REPLICANT_CONFIG_FILE, else REPLICANT_CONFIG] (default: ${defaultFile})`,
    )
    .addOption(goSwitch("-d, --debug", "tell everything [REPLICANT_DEBUG]"))
    .addOption(goSwitch("-e, --exit-on-error", "begin nothing after the first failure [REPLICANT_EXIT_ON_ERROR]"));
  return withRendering(withConnections(command), { debug: false })
    .addHelpText("after", examples)
    .action((flags: ReplicantFlags) => {
      const coloured = colouring(flags, invocation);
      return endingWithOne(invocation, () => replicate(flags, coloured));
    });
}

async function replicate(flags: ReplicantFlags, invocation: Invocation): Promise<void> {
  const { environment } = invocation;
  const debug = flags.debug ?? switchOf(invocation, "REPLICANT_DEBUG") ?? false;
  const exitOnError = flags.exitOnError ?? switchOf(invocation, "REPLICANT_EXIT_ON_ERROR") ?? false;
  const file = flags.configFile ?? variableOf(invocation, "REPLICANT_CONFIG_FILE", "REPLICANT_CONFIG") ?? defaultFile;
  const { readSyncConfig } = await import("./config/read.ts");
  const { runSync } = await import("./sync/run-sync.ts");
  const config = await readSyncConfig(file, { format: "replicant", environment });
  const display = displayFor({ ...flags, debug }, invocation);
  await runSync(
    {
      config,
      connections: flags,
      failFast: exitOnError,
      output: flags.output,
      display,
      exitCode: (failures) => exitCodeFor(failures, exitOnError, display),
    },
    invocation,
  );
}

/** Codes of a login that is missing or of no use: replicant ends with 1 then, whether it shall go on or not. */
const loginFailures: ReadonlySet<string | undefined> = new Set(["credentials", "unauthorized"]);

function exitCodeFor(failures: readonly ImageResult[], exitOnError: boolean, display: Display): number {
  if (failures.length === 0) return exitCodes.ok;
  if (exitOnError || failures.some(({ error }) => loginFailures.has(error?.code))) return exitCodes.failed;
  display.say("warn", "It ends with 0 all the same, as replicant does; with --exit-on-error failures end it with 1");
  return exitCodes.ok;
}
