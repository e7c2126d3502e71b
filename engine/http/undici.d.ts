// The part of undici that is loaded without a proxy: its main module would bring fetch, WebSocket and more with it.
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent } from "undici";
  const agent: typeof Agent;
  export default agent;
}
