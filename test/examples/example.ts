import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentOf, root } from "../docs/markdown.ts";
import { extractBlocks } from "../docs/block.ts";
import { isRunning } from "../support/terraform/processes.ts";

/** Where the examples lie. */
export const examplesDirectory: string = join(root, "examples");

/** Names of all folders of examples. */
export const folders: readonly string[] = readdirSync(examplesDirectory, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Names of the examples that can be run. */
export const runnable: readonly string[] = folders.filter((name) => hasFile(name, "run.sh"));

/** Whether an example has a file or folder of this name. */
export function hasFile(example: string, path: string): boolean {
  return existsSync(join(examplesDirectory, example, path));
}

/** What the document of an example shows: the command, and lines of its output in which `…` is any text. */
export function shownBy(example: string): { readonly command: string; readonly lines: readonly string[] } {
  const file = `examples/${example}/README.md`;
  const blocks = extractBlocks(file, documentOf(file).text);
  const textOf = (wanted: string): string =>
    blocks.flatMap(({ language, text }) => (language === wanted ? [text] : [])).join("");
  return {
    command: textOf("sh"),
    lines: textOf("text")
      .split("\n")
      .filter((line) => line !== ""),
  };
}

/** The lines of a document that an output lacks; they must come in the same order. */
export function missingLines(lines: readonly string[], output: string): readonly string[] {
  const printed = output.split("\n");
  let position = 0;
  return lines.filter((line) => {
    const found = printed.findIndex((each, index) => index >= position && matches(line, each));
    if (found !== -1) position = found + 1;
    return found === -1;
  });
}

function matches(line: string, printed: string): boolean {
  const parts = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".+")}$`).test(printed);
}

/** Every file below a folder, with what is in it. */
export function contentOf(example: string): Readonly<Record<string, string>> {
  const directory = join(examplesDirectory, example);
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}

/** An example that has been run. */
export interface Run {
  readonly code: number | null;
  /** All that it has printed. */
  readonly output: string;
  /** What it has left behind: files in the directory for temporary ones, and processes that still run. */
  readonly remains: readonly string[];
}

/** Runs a command in the folder of an example, in an environment that has nothing but the built programs. */
export async function runExample(
  example: string,
  options: {
    readonly command: string;
    readonly environment?: Readonly<Record<string, string>>;
    /** Gets what has been printed so far. */
    readonly onOutput?: (output: string, child: ChildProcess) => void;
  },
): Promise<Run> {
  const temporary = await mkdtemp(join(tmpdir(), "imagesync-example-"));
  try {
    const child = spawn("bash", ["-euc", options.command], {
      cwd: join(examplesDirectory, example),
      env: {
        PATH: `${join(root, "dist")}:${process.env["PATH"] ?? ""}`,
        HOME: temporary,
        TMPDIR: temporary,
        ...options.environment,
      },
      // A process group of its own, to which a test can send what Ctrl-C sends.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        options.onOutput?.(output, child);
      });
    }
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output, remains: [...(await readdir(temporary)), ...processesWith(`TMPDIR=${temporary}`)] };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What is wrong with how a run has ended, with all that it has printed; empty when it is as wanted and left nothing. */
export function complaint({ code, output, remains }: Run, wanted: number): string {
  if (code === wanted && remains.length === 0) return "";
  return `It ended with ${code} and left [${remains.join(", ")}]:\n${output}`;
}

/** Processes that have this in their environment, by their command lines; Linux only. */
function processesWith(variable: string): readonly string[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && isRunning(Number(entry)))
    .filter((pid) => read(`/proc/${pid}/environ`).split("\0").includes(variable))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended in between, or is somebody else's.
    return "";
  }
}
