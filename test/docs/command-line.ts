import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { openRegistry } from "../acceptance/stage.ts";
import { fetchTree } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";
import { newDirectory, withoutDigits } from "./newcomer.ts";
import { seedScript } from "./quick-start.ts";
import { mustRun } from "./shell.ts";

const block = (ordinal: number): string => `docs/guides/command-line.md > In scripts > ${ordinal}`;

const deleting = (ordinal: number): string => `docs/guides/command-line.md > Deleting > ${ordinal}`;

/** Runs a block as the document shows it: with its addresses, and its digests as dots. */
type Run = (script?: string, directory?: string) => Promise<string>;

/** Two registries, the image of the quick start in the first, and the program on PATH by its name. */
async function stage(): Promise<{ readonly run: Run; readonly destination: RunningRegistry }> {
  const [source, destination] = [await openRegistry(), await openRegistry()];
  const home = await newDirectory();
  await mkdir(join(home, "bin"));
  await symlink(join(root, "dist/imagesync"), join(home, "bin/imagesync"));
  const environment = { PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}` };
  const ports = { "localhost:5000": source.host, "localhost:5001": destination.host };
  const run: Run = async (script = "", directory = root) => {
    const real = Object.entries(ports).reduce((text, [printed, host]) => text.replaceAll(printed, host), script);
    const said = await mustRun(real, { directory, home, environment });
    const shown = Object.entries(ports).reduce((text, [printed, host]) => text.replaceAll(host, printed), said);
    return withoutDigits(shown);
  };
  await run(seedScript());
  return { run, destination };
}

/** Each command of docs/guides/command-line.md and what it prints, after the quick start has made its image. */
export const scriptsHandler: Handler = {
  proves: "commands in scripts print what docs/guides/command-line.md shows",
  blocks: [1, 2, 3, 4, 5, 6].map(block),
  needs: ["curl"],
  async run(blocks) {
    const { run, destination } = await stage();
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

/** The commands that delete, after one that has put the image they leave alone. */
export const deletingHandler: Handler = {
  proves: "deletes print what docs/guides/command-line.md shows, and leave the neighbour whole",
  blocks: [1, 2, 3].map(deleting),
  needs: ["curl"],
  async run(blocks) {
    const { run, destination } = await stage();
    const [remove, shown, collect] = blocks.map(({ text }) => text);
    await run("imagesync copy --plain-http --quiet localhost:5000/team/app:1 localhost:5001/mirror/app:1");
    const said = (await run(remove)).split("\n");
    expect(said.slice(1).join("\n")).toBe(shown);
    expect(await run(collect)).toBe("");
    expect(await tagsOf(destination)).toEqual(["1"]);
    await fetchTree(destination, "mirror/app", "1");
  },
};

const carrying = (ordinal: number): string => `docs/guides/command-line.md > Without a registry > ${ordinal}`;

/** An image on its way through a file. */
export const carryingHandler: Handler = {
  proves: "an image goes into a file and out of it as docs/guides/command-line.md shows",
  blocks: [1, 2].map(carrying),
  needs: ["curl"],
  async run(blocks) {
    const { run, destination } = await stage();
    const [copies, shown = ""] = blocks.map(({ text }) => text);
    expect(await run(copies, await newDirectory())).toBe(withoutDigits(shown));
    expect(await tagsOf(destination)).toEqual(["from-a-file"]);
    await fetchTree(destination, "mirror/app", "from-a-file");
  },
};

const many = (ordinal: number): string => `docs/guides/command-line.md > Many images > ${ordinal}`;

/** A configuration that is planned and applied. */
export const manyImagesHandler: Handler = {
  proves: "a plan prints what docs/guides/command-line.md shows, and a sync does it",
  blocks: [1, 2, 3, 4].map(many),
  needs: ["curl"],
  async run(blocks) {
    const { run, destination } = await stage();
    const [plan, shownPlan = "", sync, shownSync = ""] = blocks.map(({ text }) => text);
    const short = (text: string): string => text.replaceAll(/sha256:(?:[0-9a-f]{12}\b|…12 digits…)/g, "sha256:…");
    const directory = await newDirectory();
    expect(short(await run(plan, directory))).toBe(short(shownPlan));
    expect(await run(sync, directory)).toBe(withoutDigits(shownSync));
    await fetchTree(destination, "team/app", "stable");
  },
};

const examining = (ordinal: number): string => `docs/guides/command-line.md > Examining a registry > ${ordinal}`;

/** The doctor, at a repository with an image. */
export const examiningHandler: Handler = {
  proves: "the doctor says of the embedded registry what docs/guides/command-line.md shows, and leaves nothing behind",
  blocks: [1, 2].map(examining),
  needs: ["curl"],
  async run(blocks) {
    const { run, destination } = await stage();
    const [examine, shown = ""] = blocks.map(({ text }) => text);
    await run("imagesync copy --plain-http --quiet localhost:5000/team/app:1 localhost:5001/mirror/app:1");
    // Registries of the tests are named by their address.
    expect(await run(examine)).toBe(shown.replace("localhost is at 127.0.0.1", "127.0.0.1 is an address"));
    expect(destination.openUploads()).toBe(0);
    expect(await tagsOf(destination)).toEqual(["1"]);
  },
};

async function tagsOf(registry: RunningRegistry): Promise<unknown> {
  return ((await (await fetch(`${registry.url}/v2/mirror/app/tags/list`)).json()) as { tags: unknown }).tags;
}
