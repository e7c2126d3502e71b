#!/usr/bin/env node
import { createRedactor } from "../engine/index.ts";
import { version } from "../version.ts";
import { createLogger, levelFromEnvironment } from "./log.ts";
import { serveDebug } from "./plugin/reattach.ts";
import { serve } from "./plugin/serve.ts";
import { createProvider } from "./provider.ts";

// Terraform starts this program and reads one line from its standard output: nothing may be printed before it.
const redactor = createRedactor();
const log = createLogger({ redact: (text) => redactor.redact(text), level: levelFromEnvironment(process.env) });
const provider = createProvider({ version: version(), environment: process.env, redactor });

if (process.argv.includes("--debug")) {
  await serveDebug({ provider, log });
} else if (process.argv.includes("--version")) {
  process.stdout.write(`terraform-provider-imagesync ${version()}\n`);
} else {
  await serve({ provider, name: "imagesync", version: version(), log });
}
