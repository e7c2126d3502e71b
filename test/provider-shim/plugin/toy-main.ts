/** A plugin process for the tests, with the toy provider. */
import { connect } from "node:net";

import { createLogger, levelFromEnvironment } from "../../../provider-shim/log.ts";
import { serveDebug } from "../../../provider-shim/plugin/reattach.ts";
import { serve } from "../../../provider-shim/plugin/serve.ts";
import { toyProvider } from "./toy-provider.ts";

// A test that listens there learns of this process by the connection: who it is, what it does, and when it ends.
const watcher = process.env["TOY_WATCH"] === undefined ? undefined : connect(Number(process.env["TOY_WATCH"]));
watcher?.on("error", () => undefined);
watcher?.write(`started ${process.pid}\n`);

const provider = toyProvider({
  onApply: (signal, name) =>
    name === "slow"
      ? new Promise<void>((resolve) => {
          watcher?.write("applying\n");
          signal.addEventListener(
            "abort",
            () => {
              watcher?.write("aborted\n");
              resolve();
            },
            { once: true },
          );
        })
      : undefined,
});
const log = createLogger({ level: levelFromEnvironment(process.env), module: "toy" });

if (process.argv.includes("--debug")) {
  await serveDebug({ provider, log, address: "registry.terraform.io/imagesync/toy" });
} else {
  await serve({ provider, name: "toy", version: "0.0.1", log, idleExitMs: 50 });
}
