import { Command } from "commander";
import type { Invocation } from "./invocation.ts";
import { type ConfigFlags, configOf, configWithout, withConfig } from "./sync/config-source.ts";
import { type ConnectionsFlags, withConnections } from "./sync/connections.ts";
import { checkDistinct } from "./sync/distinct-files.ts";
import { type MemoryFlags, withMemory } from "./sync/memory-flags.ts";
import { colouring, displayFor, type RenderingFlags, withRendering } from "./sync/rendering-flags.ts";
import { UsageError } from "./usage-error.ts";

interface PlanFlags extends ConfigFlags, ConnectionsFlags, MemoryFlags, RenderingFlags {
  readonly detailedExitcode?: boolean;
  readonly out?: string;
}

const examples = `
Reads only. Prints what would be done and what it costs: bytes at most, and the pulls that registries charge.

Examples:
  imagesync plan -c images.yaml
  imagesync plan -c images.yaml --detailed-exitcode   (0 nothing to do, 2 something, 4 conflicts, 1 failed)
  imagesync plan -c images.yaml --out today.plan      (imagesync sync --plan today.plan does just that)
  imagesync plan docker.io/library/nginx:1.29 registry.example.com/mirror/nginx:1.29`;

/** `imagesync plan`: what would be done, and what it costs. */
export function planCommand(invocation: Invocation): Command {
  const command = withConfig(
    new Command("plan")
      .description("tell what a sync or a copy would do, and what it costs")
      .argument("[source]", "registry/repository:tag, in place of a configuration")
      .argument("[destination]", "registry/repository:tag"),
  )
    .option("--detailed-exitcode", "end with 2 when there is something to do, with 4 when there are conflicts")
    .option("--out <file>", "write the plan to a file, to be applied as it is");
  return withRendering(withConnections(withMemory(command)))
    .addHelpText("after", examples)
    .action((source: string | undefined, destination: string | undefined, flags: PlanFlags) =>
      plan([source, destination], flags, colouring(flags, invocation)),
    );
}

type Ends = readonly [source: string | undefined, destination: string | undefined];

async function plan(ends: Ends, flags: PlanFlags, invocation: Invocation): Promise<void> {
  const config = await sourceOf(ends, flags, invocation);
  checkDistinct([
    ...(flags.config ?? []).map((file) => ["--config", file] as const),
    ["--lock-file", flags.lockFile ?? config.lockFile],
    ["--out", flags.out],
  ]);
  const { runPlan } = await import("./sync/run-plan.ts");
  await runPlan(
    {
      config,
      connections: flags,
      lockFile: flags.lockFile,
      onRetag: flags.onRetag,
      failFast: false,
      output: flags.output,
      display: displayFor(flags, invocation),
      verbose: flags.verbose === true || flags.debug === true,
      detailedExitCode: flags.detailedExitcode === true,
      out: flags.out,
    },
    invocation,
  );
}

async function sourceOf(
  [source, destination]: Ends,
  flags: PlanFlags,
  invocation: Invocation,
): ReturnType<typeof configOf> {
  const named = source !== undefined && destination !== undefined;
  if (flags.config !== undefined && source === undefined) return await configOf(flags.config, flags, invocation);
  if (flags.config === undefined && named) return await configWithout([source, destination]);
  throw new UsageError(
    "It is not clear what is to be planned",
    "Give a configuration with --config, or a source and a destination",
  );
}
