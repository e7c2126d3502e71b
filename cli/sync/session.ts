import type { Engine, Plan } from "../../engine/index.ts";
import type { SyncConfig } from "../config/sync-config.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import type { LockReaders } from "../lock/lock-document.ts";
import { LockFile } from "../lock/lock-file.ts";
import { describeRetag, type RetagPolicy, reviewRetags } from "../lock/retag.ts";
import { printable } from "../printable.ts";
import type { Display } from "../progress/display.ts";
import { type ConnectionsFlags, engineOptionsFor } from "./connections.ts";
import { settleContests } from "./contested-tags.ts";
import { bytesOf, hasChanges, type PlanSummary } from "./plan-summary.ts";
import { planRules, type RulePlan } from "./run.ts";
import type { Spell } from "./result.ts";
import type { Totals } from "./tally.ts";
import { UsageError } from "../usage-error.ts";

/** What the commands that work on a whole configuration are given. */
export interface SessionOptions {
  readonly config: SyncConfig;
  readonly connections: ConnectionsFlags;
  /** Overrides what the configuration says. */
  readonly lockFile?: string | undefined;
  readonly onRetag?: RetagPolicy | undefined;
  readonly failFast: boolean;
  /** Plans that were made before, to be applied as they are. @default the configuration is planned now */
  readonly plans?: readonly RulePlan[] | undefined;
  readonly display: Display;
}

/** What they work with: an engine for all registries, and what tags have held. */
export interface Session {
  readonly engine: Engine;
  readonly spell: Spell;
  /** Writes a reference in the one way that all of its spellings have in common. */
  readonly canonical: Spell;
  readonly lock: LockFile | undefined;
  readonly onRetag: RetagPolicy;
}

/** Opens a session and tells of the configuration's warnings. The caller closes the engine. @throws UsageError */
export async function openSession(options: SessionOptions, invocation: Invocation): Promise<Session> {
  const { config, connections, display } = options;
  const { canonicalReference, createEngine, formatReference, isDigest, isLayoutKind, parseLocation } =
    await import("../../engine/index.ts");
  const file = options.lockFile ?? config.lockFile;
  const onRetag = options.onRetag ?? config.onRetag ?? "warn";
  if (onRetag === "fail" && file === undefined) {
    throw new UsageError(
      "Tags that are moved shall fail, but there is no lock file that tells what they held",
      "Name one with --lock-file, or with lock_file in the configuration",
    );
  }
  for (const warning of config.warnings) display.say("warn", `Warning: ${printable(warning)}`);
  if (config.rules.length === 0 && options.plans === undefined) {
    display.say("warn", "Warning: the configuration asks for nothing: no entry stands below images or repositories");
  }
  const readers: LockReaders = {
    isDigest,
    canonical: (text) => {
      const reference = parseLocation(text);
      if (reference.digest !== undefined) throw new Error("It has a digest");
      return canonicalReference(reference);
    },
  };
  const lock = file === undefined ? undefined : await LockFile.open(file, readers);
  const ends = [...config.rules.map(({ rule }) => rule), ...(options.plans ?? []).flatMap(({ plan }) => plan.items)];
  const hostsOf = (end: "source" | "destination"): ReadonlySet<string> =>
    new Set(ends.map((rule) => rule[end].registry).filter((host) => !isLayoutKind(host)));
  const hosts = { sources: hostsOf("source"), destinations: hostsOf("destination") };
  const engine = createEngine({
    ...(await engineOptionsFor(config, hosts, connections, invocation)),
    onEvent: (event) => display.onEvent(event),
  });
  return { engine, spell: formatReference, canonical: canonicalReference, lock, onRetag };
}

/** Plans every rule of the configuration, with what the lock file has to say about it, unless plans were given. */
export async function planSession(
  session: Session,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<{ readonly rules: readonly RulePlan[]; readonly left: readonly string[] }> {
  const { config, display, failFast, plans } = options;
  if (plans !== undefined) {
    for (const { plan } of plans) tellPlanned(plan, display);
    return { rules: plans, left: [] };
  }
  const told = new Set<string>();
  const reviewed = ({ name, plan }: RulePlan): RulePlan => ({ name, plan: review(plan, session, told, display) });
  const { rules, left } = await planRules(session.engine, config.rules, {
    signal,
    failFast,
    onPlanned: ({ plan }) => tellPlanned(plan, display),
  });
  return { rules: settleContests(rules.map(reviewed), session.canonical), left };
}

/** Rings for each tag that was moved at its source, once. */
function review(plan: Plan, { lock, onRetag }: Session, told: Set<string>, display: Display): Plan {
  if (lock === undefined) return plan;
  const reviewed = reviewRetags(plan, lock, onRetag);
  for (const retag of reviewed.retags) {
    if (told.has(retag.tag)) continue;
    told.add(retag.tag);
    const text = printable(describeRetag(retag));
    if (onRetag === "accept") display.say("debug", `Accepted: ${text}`);
    else display.say("warn", `Warning: ${text}`);
  }
  return reviewed.plan;
}

function tellPlanned({ items, failures = [], warnings = [] }: Plan, display: Display): void {
  for (const warning of warnings) display.say("warn", `Warning: ${printable(warning)}`);
  const images = items.filter(({ subject }) => subject === undefined).length;
  display.planned(
    images + failures.length,
    items.reduce((sum, item) => sum + bytesOf(item), 0),
  );
}

/** What a run ends with: 1 when anything failed, 4 when there were only conflicts. */
export function exitCodeOfRun({ images }: Totals): number {
  if (images.failed > 0) return exitCodes.failed;
  if (images.conflict > 0) return exitCodes.conflict;
  return exitCodes.ok;
}

/** What a plan ends with: 1 when it is not whole; with `detailed` 4 for conflicts, 2 where there is something to do. */
export function exitCodeOfPlan(summary: PlanSummary, detailed: boolean): number {
  if (summary.counts.failed > 0) return exitCodes.failed;
  if (!detailed) return exitCodes.ok;
  if (summary.counts.conflict > 0) return exitCodes.conflict;
  return hasChanges(summary) ? exitCodes.changes : exitCodes.ok;
}
