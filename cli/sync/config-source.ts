import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { ConfigFormat, SyncConfig } from "../config/sync-config.ts";
import type { Invocation } from "../invocation.ts";
import { UsageError } from "../usage-error.ts";

/** Where a configuration comes from, as flags. */
export interface ConfigFlags {
  readonly config?: readonly string[];
  readonly format?: ConfigFormat;
  readonly targetRepoPrefix?: string;
}

const formats: readonly ConfigFormat[] = ["native", "replicant", "kyma"];

/** Adds those flags to a command. */
export function withConfig(command: Command): Command {
  return command
    .option(
      "-c, --config <file>",
      "what is to be where: our own file, replicant's or Kyma image-syncer's; - reads it; several files are one run",
      collectFiles,
    )
    .addOption(
      new Option("--format <format>", "whose words the file is in (default: told by its content)").choices(formats),
    )
    .option(
      "--target-repo-prefix <prefix>",
      "what goes before each name at the destination, for lists of Kyma's image-syncer that do not say it",
    );
}

/**
 * Reads the configuration; several files are one.
 * @throws UsageError with file, line and column of every mistake, and where files contradict each other
 */
export async function configOf(
  files: readonly string[],
  { format, targetRepoPrefix }: ConfigFlags,
  { environment }: Invocation,
): Promise<SyncConfig> {
  const { readSyncConfig } = await import("../config/read.ts");
  checkOnce(files);
  const configs: SyncConfig[] = [];
  // The mistakes of the first file that has any are told: one after the other.
  for (const file of files) configs.push(await readSyncConfig(file, { format, targetRepoPrefix, environment }));
  const [first, ...others] = configs;
  if (first === undefined) return await configWithout();
  const { mergeConfigs } = await import("../config/merge-configs.ts");
  return mergeConfigs([first, ...others]);
}

function collectFiles(file: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, file];
}

/** A file that is named twice is a slip. */
function checkOnce(files: readonly string[]): void {
  const paths = files.map((file) => (file === "-" ? file : resolve(file)));
  const twice = files.find((_, at) => paths.indexOf(paths[at] ?? "") < at);
  if (twice !== undefined) {
    throw new UsageError(`--config names "${twice}" twice`, "Give each file once, and the standard input once");
  }
}

/** A configuration without a file: nothing but one image to copy, or none. */
export async function configWithout(image?: readonly [source: string, destination: string]): Promise<SyncConfig> {
  const { parseLocation } = await import("../../engine/index.ts");
  const rules = (image === undefined ? [] : [image]).map(([source, destination]) => ({
    name: destination,
    line: 1,
    rule: {
      source: parseLocation(source),
      destination: parseLocation(destination),
      policy: { referrers: {} },
    },
  }));
  return { file: "-", format: "native", rules, registries: [], logins: [], limits: {}, warnings: [] };
}
