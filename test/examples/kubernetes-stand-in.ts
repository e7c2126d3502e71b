import { createLogger } from "../../provider-shim/log.ts";
import { serve } from "../../provider-shim/plugin/serve.ts";
import type { ProviderDefinition } from "../../provider-shim/protocol/resource.ts";
import { boundSchema } from "./bound-schema.ts";

/**
 * Path of a program that terraform takes for the provider of Kubernetes. It has the schema of a Deployment and of the
 * provider block, which is all that is needed where the provider is mocked: asked to do anything it fails.
 */
export const standInProgram: string = import.meta.filename;

if (import.meta.main) {
  await serve({ name: "kubernetes", version: "2.38.0", log: createLogger({}), provider: standIn() });
}

function standIn(): ProviderDefinition<null> {
  const asked = (): never => {
    throw new Error("The stand-in was asked to do something");
  };
  const verbs = {
    validate: () => undefined,
    upgrade: asked,
    read: asked,
    plan: asked,
    apply: asked,
    importState: asked,
  };
  const deployment = { version: 1, block: boundSchema("deployment-v1", "DeploymentV1") };
  return {
    schema: { version: 0, block: boundSchema("provider", "KubernetesProvider") },
    resources: { kubernetes_deployment_v1: { schema: deployment, ...verbs } },
    dataSources: {},
    functions: {},
    validate: () => undefined,
    configure: () => Promise.resolve(null),
  };
}
