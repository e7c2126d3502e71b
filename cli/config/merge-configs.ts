import { isDeepStrictEqual } from "node:util";
import { canonicalReference, type Reference, tagOrLatest } from "../../engine/index.ts";
import { UsageError } from "../usage-error.ts";
import { placeIn, quoted } from "./problem.ts";
import type { NamedRule, SyncConfig } from "./sync-config.ts";

/** A rule, and the file that it stands in. */
interface Placed extends NamedRule {
  readonly file: string;
}

/**
 * Several files as one configuration, their entries in the order of the files. What one of them says of a registry, a
 * limit or the lock file counts for the whole run.
 * @throws UsageError where two files contradict each other, or would undo what the other one does.
 */
export function mergeConfigs([first, ...others]: readonly [SyncConfig, ...SyncConfig[]]): SyncConfig {
  if (others.length === 0) return first;
  const configs = [first, ...others];
  checkRules(configs.flatMap(({ file, rules }) => rules.map((rule): Placed => ({ ...rule, file }))));
  const only = <T>(key: string, valueOf: (config: SyncConfig) => T | undefined): T | undefined => {
    const [one, ...more] = configs.filter((config) => valueOf(config) !== undefined);
    const other = more.find((config) => one !== undefined && !isDeepStrictEqual(valueOf(config), valueOf(one)));
    if (one !== undefined && other !== undefined) throw contradiction(one.file, other.file, quoted(key));
    return one && valueOf(one);
  };
  const maxParallelTransfers = only("max_parallel_transfers", ({ limits }) => limits.maxParallelTransfers);
  const maxBandwidth = only("max_bandwidth", ({ limits }) => limits.maxBandwidth);
  return {
    file: first.file,
    format: first.format,
    rules: configs.flatMap(({ rules }) => rules),
    registries: byAddress(configs, ({ registries }) => registries, "the registry"),
    logins: byAddress(configs, ({ logins }) => logins, "the login for"),
    limits: {
      ...(maxParallelTransfers === undefined ? {} : { maxParallelTransfers }),
      ...(maxBandwidth === undefined ? {} : { maxBandwidth }),
    },
    lockFile: only("lock_file", ({ lockFile }) => lockFile),
    onRetag: only("on_retag", ({ onRetag }) => onRetag),
    failFast: only("fail_fast", ({ failFast }) => failFast),
    warnings: configs.flatMap(({ warnings }) => warnings),
  };
}

function byAddress<T extends { readonly address: string }>(
  configs: readonly SyncConfig[],
  entriesOf: (config: SyncConfig) => readonly T[],
  what: string,
): T[] {
  const known = new Map<string, { readonly file: string; readonly entry: T }>();
  for (const config of configs) {
    for (const entry of entriesOf(config)) {
      const before = known.get(entry.address);
      if (before === undefined) known.set(entry.address, { file: config.file, entry });
      // Never the values: they may be secrets.
      else if (!isDeepStrictEqual(before.entry, entry)) {
        throw contradiction(before.file, config.file, `${what} ${quoted(entry.address)}`);
      }
    }
  }
  return [...known.values()].map(({ entry }) => entry);
}

/** What the reader of each file has looked for within it, between files. */
function checkRules(rules: readonly Placed[]): void {
  const tags = new Map<string, Placed>();
  const repositories = new Map<string, Placed[]>();
  for (const placed of rules) {
    const repository = repositoryOf(placed);
    repositories.set(repository, [...(repositories.get(repository) ?? []), placed]);
    for (const tag of tagsOf(placed)) {
      const other = tags.get(`${repository}:${tag}`);
      if (other !== undefined && other.file !== placed.file) {
        throw new UsageError(
          `${placeOf(placed)} and ${placeOf(other)} both write ${quoted(`${repository}:${tag}`)}`,
          "Leave it to one of them",
        );
      }
      tags.set(`${repository}:${tag}`, placed);
    }
  }
  for (const placed of rules) {
    if (placed.rule.policy?.deletions === undefined) continue;
    const repository = repositoryOf(placed);
    const other = repositories.get(repository)?.find(({ file }) => file !== placed.file);
    if (other === undefined) continue;
    throw new UsageError(
      `The deletions of ${placeOf(placed)} would remove what ${placeOf(other)} puts into ${quoted(repository)}`,
      "Give each its own repository",
    );
  }
}

/** The tags that a rule names; what it selects from a list nobody knows yet. */
function tagsOf({ rule: { destination, selection, additionalTags = [] } }: Placed): readonly string[] {
  const own = selection === undefined ? [tagOrLatest(destination)] : (selection.tags ?? []);
  return [...own.filter((tag) => tag !== undefined), ...additionalTags];
}

function repositoryOf({ rule: { destination } }: Placed): string {
  const repository: Reference = { ...destination, tag: undefined, digest: undefined };
  return canonicalReference(repository);
}

function placeOf({ file, line }: Placed): string {
  return placeIn(file, { line, column: 1 });
}

function contradiction(one: string, other: string, what: string): UsageError {
  return new UsageError(
    `${quoted(one)} and ${quoted(other)} say different things of ${what}`,
    "Say it in one of them, or run them one after the other",
  );
}
