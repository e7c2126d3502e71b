import { createLogger } from "../../provider-shim/log.ts";
import { serve } from "../../provider-shim/plugin/serve.ts";
import { boundSchema } from "./bound-schema.ts";

/**
 * A program that terraform takes for the provider of Kubernetes. It has the schema of a Deployment and of the provider
 * block, which is all that is needed where the provider is mocked: asked to do anything it fails.
 */
const asked = (): never => {
  throw new Error("The stand-in was asked to do something");
};

await serve({
  name: "kubernetes",
  version: "2.38.0",
  log: createLogger({}),
  provider: {
    schema: { version: 0, block: boundSchema("provider", "KubernetesProvider") },
    resources: {
      kubernetes_deployment_v1: {
        schema: { version: 1, block: boundSchema("deployment-v1", "DeploymentV1") },
        validate: () => undefined,
        upgrade: asked,
        read: asked,
        plan: asked,
        apply: asked,
        importState: asked,
      },
    },
    dataSources: {},
    functions: {},
    validate: () => undefined,
    configure: () => Promise.resolve(null),
  },
});
