import type { Engine, OnEvent, Plan, PlanItem } from "../../engine/index.ts";
import type { NamedRule } from "../config/sync-config.ts";
import { type ImageResult, leftOf, resultOf, type Spell, unplanned } from "./result.ts";

/** How many rules are planned at the same time; connections have limits of their own. */
const parallelRules = 64;

/** What is to be done for one rule. */
export interface RulePlan {
  readonly name: string;
  readonly plan: Plan;
}

/** What was planned, and what there was no time for. */
export interface Planned {
  /** In the order of the rules. */
  readonly rules: readonly RulePlan[];
  /** Names of rules that were not begun, because the run was stopped or something has failed that was not to. */
  readonly left: readonly string[];
}

/** Plans rules. One that cannot be planned is a plan with a failure, and stops no other unless that is asked for. */
export async function planRules(
  engine: Pick<Engine, "plan">,
  rules: readonly NamedRule[],
  options: { readonly signal: AbortSignal; readonly failFast: boolean; readonly onPlanned: (plan: RulePlan) => void },
): Promise<Planned> {
  const { signal, failFast, onPlanned } = options;
  const plans = new Map<NamedRule, RulePlan>();
  let failed = false;
  const { inLanes } = await import("../../engine/index.ts");
  await inLanes(rules, parallelRules, async (rule) => {
    if (signal.aborted || (failed && failFast)) return;
    const plan = await planRule(engine, rule, signal);
    // What a stop has kept from being planned was not looked at.
    if (plan === undefined) return;
    failed ||= (plan.failures ?? []).length > 0;
    const planned = { name: rule.name, plan };
    plans.set(rule, planned);
    onPlanned(planned);
  });
  return {
    rules: rules.flatMap((rule) => plans.get(rule) ?? []),
    left: rules.filter((rule) => !plans.has(rule)).map(({ name }) => name),
  };
}

async function planRule(
  engine: Pick<Engine, "plan">,
  { rule }: NamedRule,
  signal: AbortSignal,
): Promise<Plan | undefined> {
  try {
    return await engine.plan(rule, { signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    const { planFailure } = await import("../../engine/index.ts");
    return { items: [], failures: [planFailure(rule, error)] };
  }
}

/** How plans are applied. */
export interface ApplyRulesOptions {
  readonly signal: AbortSignal;
  /** Begin nothing more after the first failure. */
  readonly failFast: boolean;
  readonly spell: Spell;
  readonly onEvent: OnEvent;
  /** Told of each image, also of those that could not be planned, as soon as it has ended. */
  readonly onResult: (result: ImageResult) => void;
}

/**
 * Applies the plans of all rules as one, so that what one rule deletes is nothing that another one wants. What fails is
 * a result; nothing is thrown for it.
 */
export async function applyRules(
  engine: Pick<Engine, "apply">,
  rules: readonly RulePlan[],
  { signal, failFast, spell, onEvent, onResult }: ApplyRulesOptions,
): Promise<void> {
  const { mergeWithPositions } = await import("../../engine/index.ts");
  for (const { name, plan } of rules) {
    for (const failure of plan.failures ?? []) onResult(unplanned(name, failure, spell));
  }
  const { plan, positions } = mergeWithPositions(rules.map((rule) => rule.plan));
  const ruleOf = new Map<PlanItem, string>();
  for (const [at, { name }] of rules.entries()) {
    for (const item of (positions[at] ?? []).flatMap((position) => plan.items[position] ?? [])) {
      // What several rules want is told by the first of them.
      if (!ruleOf.has(item)) ruleOf.set(item, name);
    }
  }
  if (failFast && (plan.failures ?? []).length > 0) {
    for (const item of plan.items) onResult(leftOf(ruleOf.get(item) ?? "", item, spell));
    return;
  }
  await engine.apply(plan, {
    signal,
    failFast,
    onEvent,
    onItem: (report) => onResult(resultOf(ruleOf.get(report.item) ?? "", report, spell)),
  });
}
