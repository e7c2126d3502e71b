// The parts of undici that are loaded: its main module would bring fetch, WebSocket and the mock server with it.
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent } from "undici";
  const agent: typeof Agent;
  export default agent;
}
declare module "undici/lib/dispatcher/env-http-proxy-agent.js" {
  import type { EnvHttpProxyAgent } from "undici";
  const agent: typeof EnvHttpProxyAgent;
  export default agent;
}
