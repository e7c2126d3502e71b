import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { digestBySkopeo } from "../acceptance/skopeo.ts";
import { blockName, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { documentOf, root } from "./markdown.ts";
import { newDirectory, substitute } from "./newcomer.ts";
import { mustRun, startServer } from "./shell.ts";

const block = (ordinal: number): string => `README.md > Quick start > ${ordinal}`;

/** The blocks of the quick start that are commands, and those that are files. */
export const quickStart: readonly string[] = [1, 2, 3, 4, 5, 6, 7].map(block);

/** The commands of the quick start that make an image. */
export function seedScript(): string {
  const { file, text } = documentOf("README.md");
  return extractBlocks(file, text).find((each) => blockName(each) === block(3))?.text ?? "";
}

/**
 * The quick start from its first line to its last, as it is printed. The registries listen on any free port, and that
 * port stands in for theirs in everything that follows; the reader's paths are those of this checkout.
 */
export const quickStartHandler: Handler = {
  proves: "the quick start leads from nothing to an applied, pinned image",
  blocks: quickStart,
  needs: ["terraform", "skopeo", "curl"],
  async run(blocks) {
    const [first, second, seed, copy, overrides, configuration, apply] = blocks.map(({ text }) => text);
    const home = await newDirectory();
    const ports = { ...(await serve(first ?? "", "5000", home)), ...(await serve(second ?? "", "5001", home)) };
    const here = (text = ""): string => replaceKnown(text, ports);
    const mirror = here("localhost:5001/mirror/app:1");

    await mustRun(here(seed), { home });
    const digest = await digestBySkopeo(here("localhost:5000/team/app:1"));
    const pinned = `${here("localhost:5001/mirror/app")}@${digest}`;

    expect(await mustRun(here(copy), { home })).toBe(`${pinned}\n`);
    expect(await digestBySkopeo(mirror)).toBe(digest);

    const directory = await newDirectory();
    const paths = { "/path/to/imagesync/dist": join(root, "dist") };
    await writeAs("dev.tfrc", substitute(overrides ?? "", paths), directory);
    await writeAs("main.tf", here(configuration), directory);
    const said = await mustRun(apply ?? "", { home, directory, input: "yes\n" });
    expect(said).toContain(`image = "${pinned}"`);
    expect(said).toContain("Apply complete! Resources: 1 added");
    expect(await digestBySkopeo(mirror)).toBe(digest);
    // The tag was there before: what an apply that finds everything in place leaves is a plan with nothing to do.
    const later = (apply ?? "").replace(" apply", " plan -detailed-exitcode");
    expect(await mustRun(later, { home, directory })).toContain("No changes.");
  },
};

/** Starts the server that a block ends with; what stands before it is there already. */
async function serve(script: string, port: string, home: string): Promise<Record<string, string>> {
  const command = script.trimEnd().split("\n").at(-1) ?? "";
  const server = await startServer(substitute(command, { [`--port ${port}`]: "--port 0" }), { home });
  onTestFinished(async () => {
    expect(await server.stop()).toBe(0);
  });
  const [, real = ""] = /^http:\/\/127\.0\.0\.1:(\d+)$/.exec(server.firstLine) ?? [];
  expect(real).not.toBe("");
  return { [`localhost:${port}`]: `localhost:${real}` };
}

/** No port of the document is left over: on this machine it would be somebody else's. */
function replaceKnown(text: string, ports: Readonly<Record<string, string>>): string {
  const real = Object.entries(ports).reduce((sum, [printed, port]) => sum.replaceAll(printed, port), text);
  expect(real).not.toMatch(/\b500\d\b/);
  return real;
}

/** A file whose first line is a comment with its name. */
async function writeAs(name: string, text: string, directory: string): Promise<void> {
  expect(text.split("\n")[0]).toBe(`# ${name}`);
  await writeFile(join(directory, name), text);
}
