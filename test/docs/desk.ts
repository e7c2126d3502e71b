import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { type Hosts, openWorld, type World } from "../golden/world.ts";
import type { Block } from "./block.ts";
import { root } from "./markdown.ts";
import { newDirectory, withoutDigits } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

/** Somebody who follows a guide from its first line to its last in one directory, to whom registries have their real names. */
export interface Desk {
  readonly world: World;
  /** Where files are written and commands run. */
  readonly directory: string;
  /** Where the programs lie that are first on PATH. */
  readonly programs: string;
  /** For every command from now on, beside what the world needs. */
  readonly environment: Record<string, string>;
  /** What is printed here and is something else on this machine, such as ports. */
  readonly places: Record<string, string>;
  /** Runs a script as it stands in the guide. @returns what it prints, in the guide's words */
  run(script: string, input?: string): Promise<string>;
  /** Does what a block says. */
  follow(block: Block | undefined): Promise<void>;
}

/** Opens a desk with imagesync on PATH; what lies on it is gone when the test ends. */
export async function openDesk(hosts: Hosts): Promise<Desk> {
  const world = await openWorld(hosts);
  const directory = await newDirectory();
  const programs = join(await newDirectory(), "bin");
  await mkdir(programs);
  await symlink(join(root, "dist/imagesync"), join(programs, "imagesync"));
  const environment: Record<string, string> = {};
  const places: Record<string, string> = {};
  const swap = (text: string, pairs: readonly (readonly [string, string])[]): string =>
    pairs.reduce((sum, [from, to]) => sum.replaceAll(from, to), text);
  const real = (text: string): string => swap(text, Object.entries(places));
  let said = "";

  const run = async (script: string, input = ""): Promise<string> => {
    const path = `${programs}:${process.env["PATH"] ?? ""}`;
    const shown = await mustRun(real(script), {
      home: directory,
      directory,
      input,
      environment: { ...world.environment, HOME: directory, ...environment, PATH: path },
    });
    const back = Object.entries(places).map(([printed, here]) => [here, printed] as const);
    return swap(stripVTControlCharacters(shown), back);
  };
  return {
    world,
    directory,
    programs,
    environment,
    places,
    run,
    async follow(block) {
      const { language, text } = block ?? { language: "", text: "" };
      const name = /^# (\S+\.\w+)\n/.exec(text)?.[1];
      if (language === "sh") {
        said = await run(text, "yes\n".repeat(9));
      } else if (language === "text") {
        expectExcerpt(text, said);
      } else if (name !== undefined) {
        await mkdir(dirname(join(directory, name)), { recursive: true });
        await writeFile(join(directory, name), real(text));
      } else {
        throw new Error(`What is to be done with this?\n${text}`);
      }
    },
  };
}

/** Puts a program on PATH, before all others. */
export async function putProgram(desk: Desk, name: string, script: string): Promise<void> {
  const file = join(desk.programs, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/**
 * Every line of an excerpt was printed, in this order; digests, times, amounts of bytes and columns may differ: images
 * of tests are small.
 */
function expectExcerpt(excerpt: string, printed: string): void {
  const shown = linesOf(excerpt);
  const lines = linesOf(printed);
  let from = 0;
  const found = shown.filter((line) => {
    const at = lines.indexOf(line, from);
    if (at === -1) return false;
    from = at + 1;
    return true;
  });
  expect({ printed, lines: found }).toEqual({ printed, lines: shown });
}

function linesOf(text: string): string[] {
  return withoutDigits(text)
    .replaceAll(/sha256:(?:[0-9a-f]{12}\b|…12 digits…)/g, "sha256:…")
    .replaceAll(/\b\d+(?:\.\d+)? (?:ms|s)\b/g, "… s")
    .replaceAll(/\b\d+(?:\.\d+)? [kMG]?B\b/g, "… B")
    .replaceAll(/ {2,}/g, " ")
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
}
