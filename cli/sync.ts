import { Command } from "commander";
import type { Invocation } from "./invocation.ts";
import { type ConfigFlags, configOf, configWithout, withConfig } from "./sync/config-source.ts";
import { type ConnectionsFlags, withConnections } from "./sync/connections.ts";
import { checkDistinct } from "./sync/distinct-files.ts";
import { type MemoryFlags, withMemory } from "./sync/memory-flags.ts";
import { colouring, displayFor, type RenderingFlags, withRendering } from "./sync/rendering-flags.ts";
import { UsageError } from "./usage-error.ts";

interface SyncFlags extends ConfigFlags, ConnectionsFlags, MemoryFlags, RenderingFlags {
  readonly plan?: string;
  readonly dryRun?: boolean;
  readonly failFast?: boolean;
  readonly metricsFile?: string;
}

const examples = `
Prints the images that are in place, each pinned by its digest. What fails stops nothing else: it is told at the end, and
the command ends with 1, or with 4 when there were only conflicts. The same command goes on where it was stopped.

Examples:
  imagesync sync -c images.yaml
  imagesync sync -c images.yaml --dry-run                  (the same as imagesync plan)
  imagesync sync -c images.yaml --lock-file images.lock    (tells when a tag is moved upstream)
  imagesync plan -c images.yaml --out today.plan && imagesync sync -c images.yaml --plan today.plan`;

/** `imagesync sync`: everything that a configuration asks for. */
export function syncCommand(invocation: Invocation): Command {
  const command = withConfig(new Command("sync").description("copy all that a configuration file asks for"))
    .option("--plan <file>", "do what this plan says, by digest, in place of a new one")
    .option("-n, --dry-run", "print what would be done, write nothing")
    .option("--fail-fast", "begin nothing more after the first image that fails");
  return withRendering(withConnections(withMemory(command)))
    .option("--metrics-file <file>", "write what was done in the text form of Prometheus")
    .addHelpText("after", examples)
    .action((flags: SyncFlags) => sync(flags, colouring(flags, invocation)));
}

async function sync(flags: SyncFlags, invocation: Invocation): Promise<void> {
  if (flags.config === undefined && flags.plan === undefined) {
    throw new UsageError("There is nothing to do", "Give a configuration with --config, or a plan with --plan");
  }
  if (flags.plan !== undefined && flags.dryRun === true) {
    throw new UsageError("A plan was made before: --dry-run has no effect with --plan", "Give one of the two");
  }
  const config = flags.config === undefined ? await configWithout() : await configOf(flags.config, flags, invocation);
  checkDistinct([
    ...(flags.config ?? []).map((file) => ["--config", file] as const),
    ["--plan", flags.plan],
    ["--lock-file", flags.lockFile ?? config.lockFile],
    ["--metrics-file", flags.metricsFile],
  ]);
  const options = {
    config,
    connections: flags,
    lockFile: flags.lockFile,
    onRetag: flags.onRetag,
    failFast: flags.failFast ?? config.failFast ?? false,
    output: flags.output,
    display: displayFor(flags, invocation),
  };
  if (flags.dryRun === true) {
    const { runPlan } = await import("./sync/run-plan.ts");
    await runPlan({ ...options, verbose: flags.verbose === true, detailedExitCode: false }, invocation);
    return;
  }
  const { runSync } = await import("./sync/run-sync.ts");
  const { planReaders, readPlan } = await import("./sync/plan-file.ts");
  const plans = flags.plan === undefined ? undefined : await readPlan(flags.plan, await planReaders());
  await runSync({ ...options, plans, metricsFile: flags.metricsFile }, invocation);
}
