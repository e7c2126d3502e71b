// The parts of undici that are loaded: its main module would bring fetch, WebSocket and more with them.
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent } from "undici";
  const agent: typeof Agent;
  export default agent;
}

declare module "undici/lib/core/connect.js" {
  import type { buildConnector } from "undici";
  const build: (options?: buildConnector.BuildOptions) => buildConnector.connector;
  export default build;
}
