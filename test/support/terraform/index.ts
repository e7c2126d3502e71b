/** The real terraform in tests: a workspace to run it in, what its plans and states say, and whole lives of objects. */
export { CommandFailed, terraformProgram, type CommandResult, type RunningCommand } from "./command.ts";
export { leaksIn, type Secrets } from "./canary.ts";
export { type Finding } from "./findings.ts";
export { plainText } from "./plain-text.ts";
export { type Action, type Attributes, knownAfterApply, Plan, type ResourceChange } from "./plan.ts";
export {
  attachedProvider,
  packageDirectory,
  packagedProvider,
  providerAddress,
  type TestProvider,
} from "./provider.ts";
export { childrenOf, isRunning, peakMemoryOf } from "./processes.ts";
export { State } from "./state.ts";
export { expectNothingToDo, type Life, live, type Step } from "./steps.ts";
export { openWorkspace, type PlanOptions, Workspace } from "./workspace.ts";
export { block, type Body, expression, type HclValue, nested, type NestedBlock } from "./hcl.ts";
