import { expect } from "vitest";
import type { Handler } from "./handler.ts";
import { newDirectory } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

/** What make would run for a target, and for everything the target needs, without running it. */
export async function dryRun(target: string): Promise<string[]> {
  const printed = await mustRun(`make --dry-run --no-print-directory ${target}`, { home: await newDirectory() });
  return printed.trimEnd().split("\n");
}

/** `make demo`: what it sets up is there already, what it then starts is started. */
export const demoHandler: Handler = {
  proves: "make demo ends with a demo that shows the whole life of the resource under terraform",
  blocks: ["README.md > imagesync > 3"],
  needs: ["terraform"],
  async run([block]) {
    const recipe = await dryRunOf(block?.text ?? "");
    const home = await newDirectory();
    const story = await mustRun(recipe.at(-1) ?? "", { home });
    for (const part of [
      "terraform apply copies",
      "terraform plan detects",
      "terraform apply heals",
      "terraform destroy",
    ]) {
      expect(story).toContain(part);
    }
    expect(story).toMatch(/\nDone in /);
  },
};

/** The command line of `make test`, without running it: it would start this test. */
async function dryRunOf(script: string): Promise<string[]> {
  const [, target = ""] = /^make ([a-z-]+)\n$/.exec(script) ?? [];
  expect(target).not.toBe("");
  return await dryRun(target);
}
