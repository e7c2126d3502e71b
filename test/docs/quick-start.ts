import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished } from "vitest";
import { digestBySkopeo } from "../acceptance/skopeo.ts";
import { blockName, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { documentOf, root } from "./markdown.ts";
import { newDirectory, substitute } from "./newcomer.ts";
import { mustRun, startServer } from "./shell.ts";

const under = (heading: string, ...ordinals: readonly number[]): string[] =>
  ordinals.map((ordinal) => `README.md > ${heading} > ${ordinal}`);

const seedName = "README.md > Quick start > 5";

/** The command of the quick start that makes an image. */
export function seedScript(): string {
  const { file, text } = documentOf("README.md");
  return extractBlocks(file, text).find((each) => blockName(each) === seedName)?.text ?? "";
}

/**
 * The quick start from the installed package to its last line, as it is printed. The registries listen on any free
 * port, and that port stands in for theirs in everything that follows; the reader's paths are those of this checkout.
 */
export const quickStartHandler: Handler = {
  proves: "the quick start leads a newcomer to an applied, pinned image, by npx, by a ZIP archive and by CDKTF",
  blocks: [
    ...under("Quick start", 2, 3, 4, 5, 6),
    ...under("By Terraform", 1, 2),
    ...under("From a ZIP archive", 1),
    ...under("From a CDKTF program", 1, 2, 3),
  ],
  // The packages are made only where there is apt-get.
  needs: ["terraform", "skopeo", "curl", "npm", "apt-get"],
  async run(blocks) {
    const [install = "", first = "", second = "", seed, copy, configuration = "", apply = "", zip = "", ...program] =
      blocks.map(({ text }) => text);
    const [directory, home] = [await newDirectory(), await newDirectory()];
    const environment = await npmEnvironment();
    const type = (script: string, as = home, input = ""): Promise<string> =>
      mustRun(script, { home: as, directory, input, environment });
    const checkout = { "/path/to/imagesync": root };

    await type(substitute(install, checkout));
    const serve = async (script: string, port: string): Promise<Record<string, string>> => ({
      [`localhost:${port}`]: await openRegistry(script, port, { home, directory }),
    });
    const ports = { ...(await serve(first, "5000")), ...(await serve(second, "5001")) };
    const here = (text = ""): string => replaceKnown(text, ports);

    await type(here(seed));
    const digest = await digestBySkopeo(here("localhost:5000/team/app:1"));
    const pinned = `${here("localhost:5001/mirror/app")}@${digest}`;
    const expectPinned = (said: string): void => expect(said).toContain(`image = "${pinned}"`);
    expect(await type(here(copy))).toBe(`${pinned}\n`);
    expect(await digestBySkopeo(here("localhost:5001/mirror/app:1"))).toBe(digest);

    await writeAs("# main.tf", here(configuration), directory);
    const said = await type(apply, home, "yes\n");
    expectPinned(said);
    expect(said).toContain("Apply complete! Resources: 1 added");
    // The tag was there before: what an apply that finds everything in place leaves is a plan with nothing to do.
    expect(await type("terraform plan -detailed-exitcode")).toContain("No changes.");

    await forget(directory);
    const withoutNode = await newDirectory();
    const lines = substitute(apply, { "npx imagesync provider install": substitute(zip, checkout).trimEnd() });
    expectPinned(await type(lines, withoutNode, "yes\n"));

    const [packages = "", source = "", applyProgram = ""] = program;
    await rm(join(directory, "main.tf"));
    await type(packages);
    await writeAs("// main.mts", here(source), directory);
    expectPinned(await type(applyProgram, home, "yes\n"));
  },
};

/** Packages come from where the reader's npm has them already, if it has. */
async function npmEnvironment(): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)("npm", ["config", "get", "cache"]);
  return { npm_config_cache: stdout.trim(), npm_config_prefer_offline: "true" };
}

/** What the commands before have left for Terraform, so that the next ones begin anew. */
async function forget(directory: string): Promise<void> {
  for (const name of [".terraform", ".terraform.lock.hcl", "terraform.tfstate"]) {
    await rm(join(directory, name), { recursive: true });
  }
}

/** Starts the server of a block. @returns its host */
async function openRegistry(
  script: string,
  port: string,
  place: { readonly home: string; readonly directory: string },
): Promise<string> {
  const server = await startServer(substitute(script.trimEnd(), { [`--port ${port}`]: "--port 0" }), place);
  onTestFinished(async () => {
    await server.stop();
  });
  const [, real = ""] = /^http:\/\/127\.0\.0\.1:(\d+)$/.exec(server.firstLine) ?? [];
  expect(real).not.toBe("");
  return `localhost:${real}`;
}

/** No port of the document is left over: on this machine it would be somebody else's. */
function replaceKnown(text: string, ports: Readonly<Record<string, string>>): string {
  const real = Object.entries(ports).reduce((sum, [printed, port]) => sum.replaceAll(printed, port), text);
  expect(real).not.toMatch(/\b500\d\b/);
  return real;
}

/** A file whose first line is a comment with its name. */
async function writeAs(comment: string, text: string, directory: string): Promise<void> {
  expect(text.split("\n")[0]).toBe(comment);
  await writeFile(join(directory, comment.split(" ").at(-1) ?? ""), text);
}
