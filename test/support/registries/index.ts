/** The real docker-registry in every variant, and what tests need around registries. */
export { makeCertificates } from "./certificates.ts";
export { countingProxy } from "./counting-proxy.ts";
export {
  dockerRegistryProgram,
  startDockerRegistry,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
} from "./docker-registry.ts";
export { basicAuthorization, testLogin } from "./login.ts";
export { send, type PlainAnswer } from "./plain-client.ts";
export { requireTool } from "./tool.ts";
