import { deepStrictEqual } from "node:assert/strict";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";
import type { Workspace } from "./workspace.ts";

/** A configuration that is applied. */
interface ApplyStep {
  readonly apply: string | object;
  /** Looks at the plan before it is applied. */
  readonly plan?: (plan: Plan) => void | Promise<void>;
  /** Looks at the state afterwards. */
  readonly state?: (state: State) => void | Promise<void>;
  /** What the plans afterwards must contain, address to action. Default nothing. */
  readonly leaves?: Readonly<Record<string, string>>;
}

/** A configuration that is refused. */
interface RefuseStep {
  readonly refuse: string | object;
  /** Found in what terraform prints. */
  readonly because: RegExp;
  /** Whether the plan succeeds and the apply fails. Default: the plan fails. */
  readonly at?: "plan" | "apply";
}

/** Brings the object into an empty state and compares it with the one that was created. */
interface ImportStep {
  readonly import: string;
  readonly id: string;
  /** `command` runs `terraform import`, `block` plans an import block. */
  readonly form: "command" | "block";
  /** Attributes that cannot be known from the id. Default none: the plan afterwards must be empty. */
  readonly except?: readonly string[];
}

/** Something happens behind Terraform's back; the configuration of the last apply is planned again. */
interface HappensStep {
  readonly happens: () => Promise<void>;
  readonly plan: (plan: Plan) => void | Promise<void>;
}

type Step = ApplyStep | RefuseStep | ImportStep | HappensStep;

/** A life from the first apply to after the destroy. */
export interface Life {
  readonly steps: readonly Step[];
  /** Looks at the registries after everything was destroyed. */
  readonly checkDestroy: () => Promise<void>;
}

/**
 * Leads a configuration through its life as terraform's own acceptance tests do. Every apply step plans into a file,
 * looks at the plan, applies exactly it, looks at the state, and then plans twice more: without and with refresh there
 * must be nothing left to do, and refresh must have found nothing changed.
 */
export async function live(workspace: Workspace, life: Life): Promise<void> {
  let config: string | object = "";
  for (const [number, step] of life.steps.entries()) {
    try {
      if ("apply" in step) {
        config = step.apply;
        await applyStep(workspace, step);
      } else if ("refuse" in step) {
        await refuseStep(workspace, step);
        await workspace.write(config);
      } else if ("import" in step) {
        await importStep(workspace, step, config);
      } else {
        await step.happens();
        await step.plan(await workspace.plan());
      }
    } catch (error) {
      throw new Error(
        `Step ${number + 1} (${Object.keys(step)[0]}): ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
  await workspace.destroy();
  deepStrictEqual((await workspace.state()).addresses, [], "The state still has objects after destroy");
  await life.checkDestroy();
}

/** Fails unless there is nothing left to do, by the memory alone and by a look at the registries. */
export async function expectNothingToDo(
  workspace: Workspace,
  leaves: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const refresh of [false, true]) {
    const plan = await workspace.plan({ refresh });
    const what = `The plan ${refresh ? "with" : "without"} refresh after the apply:\n${plan.text}`;
    deepStrictEqual(plan.actions, leaves, what);
    if (Object.keys(leaves).length > 0) continue;
    deepStrictEqual(plan.drifted, [], what);
    deepStrictEqual(plan.changedOutputs, [], what);
  }
}

async function applyStep(workspace: Workspace, step: ApplyStep): Promise<void> {
  await workspace.write(step.apply);
  const plan = await workspace.plan();
  await step.plan?.(plan);
  await workspace.apply(plan);
  await step.state?.(await workspace.state());
  await expectNothingToDo(workspace, step.leaves);
}

async function refuseStep(workspace: Workspace, step: RefuseStep): Promise<void> {
  await workspace.write(step.refuse);
  const failed = step.at === "apply" ? await workspace.applyFails(await workspace.plan()) : await workspace.planFails();
  if (!step.because.test(failed.text))
    throw new Error(`${step.because} is not in what terraform said:\n${failed.text}`);
}

async function importStep(workspace: Workspace, step: ImportStep, config: string | object): Promise<void> {
  const created = (await workspace.state()).attributes(step.import);
  await workspace.must(["state", "rm", step.import]);
  if (step.form === "command") {
    await workspace.must(["import", "-no-color", "-input=false", step.import, step.id]);
  } else {
    if (typeof config !== "string") throw new Error("An import block needs a configuration in HCL");
    await workspace.write(`${config}\nimport {\n  to = ${step.import}\n  id = ${JSON.stringify(step.id)}\n}\n`);
    const plan = await workspace.plan();
    if (plan.change(step.import).importing === undefined) throw new Error(`The plan imports nothing:\n${plan.text}`);
    if (step.except === undefined) deepStrictEqual(plan.actions, {}, `The import changes something:\n${plan.text}`);
    await workspace.apply(plan);
    await workspace.write(config);
  }
  const imported = { ...(await workspace.state()).attributes(step.import) };
  const expected = { ...created };
  for (const name of step.except ?? []) {
    delete imported[name];
    delete expected[name];
  }
  deepStrictEqual(imported, expected, "The imported object differs from the created one");
  if (step.except === undefined) await expectNothingToDo(workspace);
}
