import { Ended } from "../ended.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { createStyle } from "../style.ts";
import { planFile, planReaders, writePlan } from "./plan-file.ts";
import { checkWritable, writeLast } from "../unwritten.ts";
import { renderPlans } from "./plan-printer.ts";
import { type PlanSummary, summarisePlans } from "./plan-summary.ts";
import type { RenderingFlags } from "./rendering-flags.ts";
import { exitCodeOfPlan, openSession, planSession, type SessionOptions } from "./session.ts";

/** What `plan`, and `sync --dry-run`, are asked for. */
export interface PlanOptions extends SessionOptions {
  readonly output: RenderingFlags["output"];
  /** Print also what is in place. */
  readonly verbose: boolean;
  /** End with 2 when there is something to do, with 4 when something must not be done. */
  readonly detailedExitCode: boolean;
  /** The code to end with, in place of those. */
  readonly exitCode?: ((summary: PlanSummary) => number) | undefined;
  /** A file for the plan itself. */
  readonly out?: string | undefined;
}

/** Prints what would be done for a configuration, and what it costs; writes nothing. @throws Ended, UsageError */
export async function runPlan(options: PlanOptions, invocation: Invocation): Promise<void> {
  const { stdout, environment, signal } = invocation;
  await checkWritable({ ...planFile, file: options.out });
  const session = await openSession(options, invocation);
  try {
    const { rules, left } = await planSession(session, options, signal);
    options.display.finish();
    if (left.length > 0) {
      const why = signal.aborted ? "it was stopped" : "something could not be planned";
      options.display.say("error", `The plan is not complete: ${why}`);
    }
    const summary = summarisePlans(
      rules.map(({ plan }) => plan),
      (registry) => session.engine.rateLimit(registry),
    );
    const { output: format, verbose } = options;
    const style = createStyle(stdout, environment);
    stdout.write(renderPlans(rules, summary, { format, verbose, style, spell: session.spell }));
    const { out } = options;
    if (out !== undefined && left.length === 0) {
      await writeLast(async () => await writePlan(out, rules, await planReaders()), invocation);
    }
    if (signal.aborted) throw new Ended(exitCodes.interrupted);
    const code = options.exitCode?.(summary) ?? exitCodeOfPlan(summary, options.detailedExitCode);
    if (code !== exitCodes.ok) throw new Ended(code);
  } finally {
    options.display.finish();
    await session.engine.close();
  }
}
