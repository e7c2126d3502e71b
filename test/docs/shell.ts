import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { root } from "./markdown.ts";

export interface ShellOptions {
  /** Where it runs. Default: the root of the project, where a reader of the documents is. */
  readonly directory?: string;
  /** Home of the reader: a directory with no logins and no settings. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the reader types. */
  readonly input?: string;
}

/** What a script has printed, and its exit code; null when a signal ended it. */
export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script as a reader would who pastes it into a terminal; the first command that fails ends it. */
export async function runScript(script: string, options: ShellOptions): Promise<ShellResult> {
  const child = start(`set -euo pipefail\n${script}`, options);
  // A script that reads nothing may have ended before this is written.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), endOf(child)]);
  return { code, stdout, stderr };
}

/** Runs a script that must succeed. @returns what it printed. @throws Error with all its output. */
export async function mustRun(script: string, options: ShellOptions): Promise<string> {
  const { code, stdout, stderr } = await runScript(script, options);
  if (code === 0) return stdout;
  throw new Error(`This ended with ${code}:\n${script}\n${stdout}\n${stderr}`);
}

/** A command that runs until it is stopped. */
export interface Server {
  /** The first line it printed. */
  readonly firstLine: string;
  /** Stops it as Ctrl-C does, and waits. @returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a command that serves. @throws Error when it ends before it has printed a line. */
export async function startServer(command: string, options: ShellOptions): Promise<Server> {
  const child = start(`exec ${command}`, options, true);
  const ended = endOf(child);
  const complaints = textOf(child.stderr);
  const firstLine = await new Promise<string>((resolve, reject) => {
    let stdout = "";
    child.stdout.on("data", (text: string) => {
      stdout += text;
      const end = stdout.indexOf("\n");
      if (end !== -1) resolve(stdout.slice(0, end));
    });
    ended.then(async (code) => reject(new Error(`"${command}" ended with ${code}: ${await complaints}`)), reject);
  });
  return {
    firstLine,
    stop() {
      // A terminal tells all processes of a command, as npx and what it runs.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
      return ended;
    },
  };
}

function start(
  script: string,
  { directory = root, home, environment }: ShellOptions,
  detached = false,
): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env["PATH"], HOME: home, CHECKPOINT_DISABLE: "1", ...environment };
  const child = spawn("bash", ["-c", script], { cwd: directory, env, detached });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  return child;
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

async function textOf(stream: Readable): Promise<string> {
  let text = "";
  for await (const piece of stream) text += String(piece);
  return text;
}
