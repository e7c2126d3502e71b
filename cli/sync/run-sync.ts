import type { Cost } from "../cost.ts";
import { Ended } from "../ended.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { metricsFile, RunMetrics, writeMetrics } from "../metrics.ts";
import { count } from "../quantity.ts";
import { checkWritable, wrote } from "../unwritten.ts";
import { describeFailures } from "./failures.ts";
import type { RenderingFlags } from "./rendering-flags.ts";
import type { ImageResult } from "./result.ts";
import { ResultWriter } from "./result-writer.ts";
import { applyRules, type RulePlan } from "./run.ts";
import { exitCodeOfRun, openSession, planSession, type Session, type SessionOptions } from "./session.ts";
import { summarise, Tally, type Totals } from "./tally.ts";

/** What `sync` is asked for beside its rules. */
export interface SyncOptions extends SessionOptions {
  readonly output: RenderingFlags["output"];
  readonly metricsFile?: string | undefined;
  /** The code to end with, by what has failed and what was a conflict. @default 1 for failures, 4 for conflicts alone */
  readonly exitCode?: ((failures: readonly ImageResult[]) => number) | undefined;
}

/**
 * Plans every rule of a configuration and applies it. Results go to standard output, everything else to the display;
 * the command ends with 1 for failures, 4 for conflicts alone. @throws Ended, UsageError
 */
export async function runSync(options: SyncOptions, invocation: Invocation): Promise<void> {
  const startedAt = Date.now();
  const { signal, stdout } = invocation;
  const { display, failFast } = options;
  const writer = new ResultWriter(stdout, options.output);
  const outcome = new Outcomes();
  await checkWritable(
    { what: "the lock file", flag: "--lock-file", file: options.lockFile ?? options.config.lockFile },
    { ...metricsFile, file: options.metricsFile },
  );
  const session = await openSession(options, invocation);
  try {
    const { rules, left } = await planSession(session, options, signal);
    for (const { name } of rules) outcome.metrics.begin(name);
    for (const name of left) outcome.leave(name);
    await applyRules(session.engine, rules, {
      signal,
      failFast,
      spell: session.spell,
      onEvent: (event) => display.onEvent(event),
      onResult: (result) => {
        outcome.add(result, session);
        outcome.metrics.ended(result.rule, Date.now() - startedAt);
        display.finished(result);
        writer.write(result);
      },
    });
    display.finish();
    const cost = { requests: session.engine.statistics().requests, durationMs: Date.now() - startedAt };
    conclude(outcome, cost, options, signal);
    writer.end(outcome.totals(), cost);
    // What was learnt is kept also where something failed, and when the run was stopped.
    const tell = (text: string): void => display.say("error", text);
    const remembered = await wrote(async () => await session.lock?.save(), tell);
    let counted = true;
    const { metricsFile: metrics } = options;
    if (metrics !== undefined) {
      for (const host of outcome.hosts(rules)) {
        const limit = session.engine.rateLimit(host);
        if (limit !== undefined) outcome.metrics.rateLimit(host, limit.remaining);
      }
      for (const requests of session.engine.requestCounts()) outcome.metrics.requests(requests);
      outcome.metrics.took(Date.now() - startedAt);
      counted = await wrote(async () => await writeMetrics(metrics, outcome.metrics, Date.now()), tell);
    }
    const exitCode = options.exitCode ?? (() => exitCodeOfRun(outcome.totals()));
    const written = remembered && counted;
    const code = signal.aborted ? exitCodes.interrupted : written ? exitCode(outcome.failures) : exitCodes.failed;
    if (code !== exitCodes.ok) throw new Ended(code);
  } finally {
    writer.flush();
    display.finish();
    await session.engine.close();
  }
}

/** Says what it came to: what failed and why, and the one line about all of it. */
function conclude(outcome: Outcomes, cost: Cost, { display }: SyncOptions, signal: AbortSignal): void {
  const totals = outcome.totals();
  if (outcome.failures.length > 0) display.say("error", describeFailures(outcome.failures));
  display.say("info", summarise(totals, cost));
  const { left } = totals.images;
  if (signal.aborted && left + totals.rulesLeft > 0) {
    const what = left > 0 ? count(left, "image") : count(totals.rulesLeft, "rule");
    display.say("error", `Stopped: what is done stays done, ${what} left; the same command goes on from there`);
  }
}

/** What a run has come to so far. */
class Outcomes {
  readonly metrics = new RunMetrics();
  readonly failures: ImageResult[] = [];
  readonly #tally = new Tally();
  readonly #now = new Date().toISOString();

  add(result: ImageResult, { lock }: Session): void {
    this.#tally.add(result);
    this.metrics.add(result);
    const { outcome, sourceTag, sourceDigest } = result;
    if (outcome === "failed" || outcome === "conflict") this.failures.push(result);
    const seen = outcome === "copied" || outcome === "unchanged";
    if (lock === undefined || !seen || sourceTag === undefined || sourceDigest === undefined) return;
    lock.remember(sourceTag, { digest: sourceDigest, firstSeen: this.#now });
  }

  /** Notes a rule that was not begun. */
  leave(rule: string): void {
    this.#tally.leave();
    this.metrics.leave(rule);
  }

  totals(): Totals {
    return this.#tally.totals();
  }

  /** The registries that were read from and written to. */
  hosts(rules: readonly RulePlan[]): ReadonlySet<string> {
    return new Set(
      rules.flatMap(({ plan }) =>
        plan.items.flatMap(({ source, destination }) => [source.registry, destination.registry]),
      ),
    );
  }
}
