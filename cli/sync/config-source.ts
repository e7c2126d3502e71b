import { type Command, Option } from "commander";
import type { ConfigFormat, SyncConfig } from "../config/sync-config.ts";
import type { Invocation } from "../invocation.ts";

/** Where a configuration comes from, as flags. */
export interface ConfigFlags {
  readonly config?: string;
  readonly format?: ConfigFormat;
  readonly targetRepoPrefix?: string;
}

const formats: readonly ConfigFormat[] = ["native", "replicant", "kyma"];

/** Adds those flags to a command. */
export function withConfig(command: Command): Command {
  return command
    .option("-c, --config <file>", "what is to be where: our own file, replicant's or Kyma image-syncer's; - reads it")
    .addOption(
      new Option("--format <format>", "whose words the file is in (default: told by its content)").choices(formats),
    )
    .option(
      "--target-repo-prefix <prefix>",
      "what goes before each name at the destination, for lists of Kyma's image-syncer that do not say it",
    );
}

/** Reads the configuration. @throws UsageError with file, line and column of every mistake */
export async function configOf(
  file: string,
  { format, targetRepoPrefix }: ConfigFlags,
  { environment }: Invocation,
): Promise<SyncConfig> {
  const { readSyncConfig } = await import("../config/read.ts");
  return await readSyncConfig(file, { format, targetRepoPrefix, environment });
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
