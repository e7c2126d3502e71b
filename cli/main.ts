#!/usr/bin/env node
import { writeSync } from "node:fs";
import { exitCodes } from "./exit-codes.ts";
import { run } from "./run.ts";

/** A stop that has not come to its end by then is cut short. */
const stopDeadlineMs = 1900;

const controller = new AbortController();
let stoppedBy: number | undefined;

for (const [signal, code] of [
  ["SIGINT", exitCodes.interrupted],
  ["SIGTERM", exitCodes.terminated],
] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait.
    if (stoppedBy !== undefined) process.exit(code);
    stoppedBy = code;
    setTimeout(() => process.exit(code), stopDeadlineMs).unref();
    controller.abort();
  });
}

process.stderr.on("error", () => process.exit(exitCodes.failed));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of our output has gone, as in `imagesync … | head -1`, and wants to hear no more. A full disk is news.
  if (error.code !== "EPIPE") writeSync(2, `Error: Cannot write the standard output: ${error.message}\n`);
  process.exit(exitCodes.failed);
});

const code = await run({
  arguments: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  signal: controller.signal,
});
// What was done in spite of a stop is done, and the code says so.
process.exitCode = code === exitCodes.ok ? code : (stoppedBy ?? code);
