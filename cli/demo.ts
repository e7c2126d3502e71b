import { Command } from "commander";
import type { Invocation } from "./invocation.ts";

/** `imagesync demo`: the main job, shown on two registries that live as long as the command. */
export function demoCommand(invocation: Invocation): Command {
  return new Command("demo")
    .description("show the main job on two registries of its own; needs no network and no root")
    .option("--keep", "leave everything running at the end, to try it by hand; Ctrl-C cleans up")
    .action(async (flags: { readonly keep?: boolean }) => {
      const { runDemo } = await import("./demo/run-demo.ts");
      await runDemo({ keep: flags.keep === true }, invocation);
    });
}
