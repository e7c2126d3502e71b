import { detectFormat } from "./detect.ts";
import { type Draft, syncConfigOf } from "./draft.ts";
import { readKyma } from "./kyma.ts";
import { readNative } from "./native.ts";
import { readReplicant } from "./replicant.ts";
import type { ConfigFormat, SyncConfig } from "./sync-config.ts";
import { type Input, parseYaml, readText } from "./yaml-file.ts";

export interface ReadOptions {
  /** Whose words the file is written in. @default told by its content, see detect.ts */
  readonly format?: ConfigFormat | undefined;
  /** The variables that the file may name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What goes before each name at the destination, for files of Kyma's image-syncer that do not say so themselves. */
  readonly targetRepoPrefix?: string | undefined;
  /** The same for those files that neither say it themselves nor are told by the above. @default it is a mistake */
  readonly defaultTargetRepoPrefix?: string | undefined;
  /** What `-` stands for. @default the standard input of the process */
  readonly stdin?: Input | undefined;
}

/**
 * Reads a configuration file: our own, or one of replicant or of Kyma's image-syncer as it is.
 * @param file `-` is the standard input
 * @throws ConfigFileError (a UsageError) with file, line and column of every mistake; UsageError when there is no file.
 */
export async function readSyncConfig(file: string, options: ReadOptions): Promise<SyncConfig> {
  const text = await readText(file, options.stdin);
  return await syncConfigOf(readDraft(file, text, options), options.environment);
}

/** The same, up to where secrets are looked up. @throws ConfigFileError */
export function readDraft(
  file: string,
  text: string,
  options: Pick<ReadOptions, "format" | "targetRepoPrefix" | "defaultTargetRepoPrefix">,
): Draft {
  const detected = options.format ?? detectFormat(parseYaml(file, text, "first"));
  if (detected === "native") return readNative(parseYaml(file, text));
  const yaml = parseYaml(file, text, "first");
  return detected === "replicant" ? readReplicant(yaml) : readKyma(yaml, options);
}
