/** The real terraform in tests: a workspace to run it in, what its plans and states say, and whole lives of objects. */
export { leaksIn, type Secrets } from "./canary.ts";
export { terraformProgram } from "./command.ts";
export { block, type Body, expression, type HclValue, nested, type NestedBlock } from "./hcl.ts";
export { knownAfterApply, type Plan } from "./plan.ts";
export { childrenOf, isRunning, peakMemoryOf } from "./processes.ts";
export {
  attachedProvider,
  packageDirectory,
  packagedProvider,
  providerAddress,
  type TestProvider,
} from "./provider.ts";
export { expectNothingToDo, type Life, live } from "./steps.ts";
export { openWorkspace, type Workspace } from "./workspace.ts";
