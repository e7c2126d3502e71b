import { join } from "node:path";
import { expect } from "vitest";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";
import { newDirectory, substitute } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

/** What make would run for a target, and for everything the target needs, without running it. */
export async function dryRun(target: string): Promise<string[]> {
  const printed = await mustRun(`make --dry-run --no-print-directory ${target}`, { home: await newDirectory() });
  return printed.trimEnd().split("\n");
}

/** The demo, by the program that npx runs: its headings are those that the README shows. */
export const demoHandler: Handler = {
  proves: "the demo shows the whole life of the resource under terraform, as the README says",
  blocks: ["README.md > imagesync > 3", "README.md > imagesync > 4"],
  needs: ["terraform"],
  async run([command, shown]) {
    const home = await newDirectory();
    const program = join(root, "dist/imagesync");
    const story = await mustRun(substitute(command?.text ?? "", { "npx imagesync": program }), { home });
    const withoutTime = (text = ""): string => text.replace(/Done in \d+\.\d s/, "Done in … s");
    const headings = withoutTime(story)
      .split("\n")
      .filter((line) => /^(?:\d\. |Done)/.test(line));
    expect(headings).toEqual(withoutTime(shown?.text).trimEnd().split("\n"));
  },
};
