// The part of undici that is loaded: its main module would bring fetch, WebSocket and more with it.
declare module "undici/lib/core/connect.js" {
  import type { Socket } from "node:net";
  import type { buildConnector } from "undici";
  const build: (
    options?: buildConnector.BuildOptions,
  ) => (target: buildConnector.Options, callback: buildConnector.Callback) => Socket;
  export default build;
}
