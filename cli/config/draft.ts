import { dirname, resolve } from "node:path";
import { parseByteSize } from "../../engine/index.ts";
import type { ConfigDocument, LimitKeys } from "./document.ts";
import { ConfigFileError, placeIn } from "./problem.ts";
import type { Reading } from "./reading.ts";
import { registriesOf } from "./registries.ts";
import { rulesOf } from "./rules.ts";
import { pathOf } from "./secret.ts";
import type { ConfigFormat, SyncConfig } from "./sync-config.ts";

/** A file that was read, in our own words, before secrets are looked up and rules made of it. */
export interface Draft {
  readonly format: ConfigFormat;
  readonly document: ConfigDocument;
  readonly reading: Reading;
}

/** What a draft asks for. @throws ConfigFileError with everything that is wrong in it. */
export async function syncConfigOf(
  { format, document, reading }: Draft,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SyncConfig> {
  const folder = reading.file === "-" ? process.cwd() : dirname(resolve(reading.file));
  const rules = rulesOf(document, folder, reading);
  const reach = await registriesOf(document.registries ?? [], { environment, folder }, reading);
  const limits = limitsOf(document.limits ?? {}, reading);
  if (reading.problems.length > 0) throw new ConfigFileError(reading.file, reading.problems);
  return {
    file: reading.file,
    format,
    rules,
    ...reach,
    limits,
    ...(document.lock_file === undefined ? {} : { lockFile: pathOf(document.lock_file, folder) }),
    ...(document.on_retag === undefined ? {} : { onRetag: document.on_retag }),
    ...(document.fail_fast === undefined ? {} : { failFast: document.fail_fast }),
    warnings: reading.notes.map(({ place, text }) => `${placeIn(reading.file, place)}: ${text}`),
  };
}

function limitsOf(keys: LimitKeys, reading: Reading): SyncConfig["limits"] {
  const bandwidth = keys.max_bandwidth === undefined ? undefined : parseByteSize(keys.max_bandwidth);
  if (keys.max_bandwidth !== undefined && bandwidth === undefined) {
    reading.problem(reading.where(keys, "max_bandwidth"), `"max_bandwidth" is less than a byte`, "meaning");
  }
  return {
    ...(keys.max_parallel_transfers === undefined ? {} : { maxParallelTransfers: keys.max_parallel_transfers }),
    ...(bandwidth === undefined ? {} : { maxBandwidth: bandwidth }),
  };
}
