import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Hosts, openWorld, type World } from "../golden/world.ts";
import { root } from "./markdown.ts";
import { newDirectory, withoutDigits } from "./newcomer.ts";
import { runScript, type ShellResult } from "./shell.ts";

type Environment = Readonly<Record<string, string>>;

/** A reader with the built program on PATH, to whom registries have the names of the guide. */
export interface Reader {
  readonly world: World;
  /** Where the reader is, and what is to be given to other programs that shall find the same registries. */
  readonly directory: string;
  write(name: string, text: string | undefined): Promise<void>;
  /** What a file of the reader has become. */
  read(name: string): Promise<string>;
  /** Runs a block. @returns its lines without the digits of digests, in alphabetical order. @throws when it fails */
  run(script: string | undefined, environment?: Environment): Promise<string[]>;
  /** Runs a block that may fail. */
  try(script: string | undefined, environment?: Environment): Promise<ShellResult>;
}

/** Opens a reader's directory, which ends with the test. */
export async function openReader(hosts: Hosts): Promise<Reader> {
  const world = await openWorld(hosts);
  const directory = await newDirectory();
  await mkdir(join(directory, "bin"));
  await symlink(join(root, "dist/imagesync"), join(directory, "bin/imagesync"));
  const path = `${join(directory, "bin")}:${process.env["PATH"] ?? ""}`;
  const tryTo = async (script = "", more: Environment = {}): Promise<ShellResult> =>
    await runScript(script, {
      home: directory,
      directory,
      environment: { ...world.environment, ...more, PATH: path },
    });
  return {
    world,
    directory,
    write: (name, text = "") => writeFile(join(directory, name), text),
    read: (name) => readFile(join(directory, name), "utf8"),
    try: tryTo,
    async run(script, more) {
      const { code, stdout, stderr } = await tryTo(script, more);
      if (code === 0) return linesOf(stdout);
      throw new Error(`This ended with ${code}:\n${script}\n${stdout}\n${stderr}`);
    },
  };
}

/** Images come in the order in which they are done. */
export function linesOf(text = ""): string[] {
  return withoutDigits(text)
    .replaceAll(/sha256:(?:[0-9a-f]{12}\b|…12 digits…)/g, "sha256:…")
    .split("\n")
    .sort();
}

/** Names of the blocks of a guide: so many below each heading. */
export function guideBlocks(
  name: string,
  ...places: readonly (readonly [heading: string, blocks: number])[]
): string[] {
  return places.flatMap(([heading, blocks]) =>
    Array.from({ length: blocks }, (_, at) => `docs/guides/${name}.md > ${heading} > ${at + 1}`),
  );
}
