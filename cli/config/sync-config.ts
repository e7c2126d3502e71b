import type { EngineOptions, ExplicitCredential, RegistryTransport, Rule } from "../../engine/index.ts";

/** Whose words a file is written in. */
export type ConfigFormat = "native" | "replicant" | "kyma";

/** What a configuration file asks for, in whatever dialect it was written: all that `sync` and `plan` need to know. */
export interface SyncConfig {
  /** As it was given; for messages. */
  readonly file: string;
  readonly format: ConfigFormat;
  readonly rules: readonly NamedRule[];
  /** How registries are reached. */
  readonly registries: readonly RegistryTransport[];
  /** Logins that stand in the file or in variables it names. */
  readonly logins: readonly ExplicitCredential[];
  /** Limits of the whole process. */
  readonly limits: Pick<EngineOptions, "maxParallelTransfers" | "maxBandwidth">;
  /** Where the digests that tags have had are remembered, as an absolute path. @default nowhere */
  readonly lockFile?: string | undefined;
  /** What happens when a source has moved a tag that the lock file knows. @default "warn" */
  readonly onRetag?: "warn" | "fail" | "accept" | undefined;
  /** Stop at the first image that fails. @default false */
  readonly failFast?: boolean | undefined;
  /** What the file says and what has no effect here, or another one than where it comes from; with file and line. */
  readonly warnings: readonly string[];
}

export interface NamedRule {
  /** What messages call it. */
  readonly name: string;
  /** Where it stands in the file, counted from 1. */
  readonly line: number;
  readonly rule: Rule;
}
