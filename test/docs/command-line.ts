import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openRegistry } from "../acceptance/stage.ts";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";
import { newDirectory, withoutDigits } from "./newcomer.ts";
import { seedScript } from "./quick-start.ts";
import { mustRun } from "./shell.ts";

const block = (ordinal: number): string => `docs/command-line.md > In scripts > ${ordinal}`;

/** Each command of docs/command-line.md and what it prints, after the quick start has made its image. */
export const scriptsHandler: Handler = {
  proves: "commands in scripts print what docs/command-line.md shows",
  blocks: [1, 2, 3, 4, 5, 6].map(block),
  needs: ["curl"],
  async run(blocks) {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    const home = await newDirectory();
    // The document calls the program by its name: it is on PATH.
    await mkdir(join(home, "bin"));
    await symlink(join(root, "dist/imagesync"), join(home, "bin/imagesync"));
    const environment = { PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}` };
    const ports = { "localhost:5000": source.host, "localhost:5001": destination.host };
    const run = async (script = ""): Promise<string> => {
      const real = Object.entries(ports).reduce((text, [printed, host]) => text.replaceAll(printed, host), script);
      const said = await mustRun(real, { home, environment });
      const shown = Object.entries(ports).reduce((text, [printed, host]) => text.replaceAll(host, printed), said);
      return withoutDigits(shown);
    };
    await run(seedScript());
    const [pinned, shownPinned, dryRun, shownDryRun, json, shownJson] = blocks.map(({ text }) => text);
    expect(await run(pinned)).toBe(withoutDigits(shownPinned ?? ""));
    destination.resetCounts();
    expect(await run(dryRun)).toBe(withoutDigits(shownDryRun ?? ""));
    expect(destination.counts()).toEqual({ "HEAD manifest": 1 });
    const outcome = JSON.parse(await run(json)) as object;
    const shown = JSON.parse(withoutDigits(shownJson ?? "")) as object;
    expect(outcome).toEqual({ ...shown, durationMs: expect.any(Number) as number });
    expect(Object.keys(outcome)).toEqual(Object.keys(shown));
  },
};
