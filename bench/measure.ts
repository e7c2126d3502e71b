import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program with its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What one run of a command cost. */
export interface Cost {
  /** Wall clock in seconds. */
  readonly wall: number;
  /** User and system time in seconds, of the command and of all it started. */
  readonly cpu: number;
  /** Largest resident set of one of its processes, in MB (VmHWM). */
  readonly peak: number;
}

/** A copy that takes longer hangs. Milliseconds. */
const longest = 15 * 60_000;

/**
 * Runs a command and measures it from outside by bash's `time` (milliseconds) and `/usr/bin/time` (the kernel's own
 * peak). @throws with the end of its standard error when it fails.
 */
export async function measure(command: Command, env: NodeJS.ProcessEnv): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), "imagesync-bench-"));
  const peakFile = join(folder, "peak");
  const timesFile = join(folder, "times");
  const script = `TIMEFORMAT="%3R %3U %3S"; { time "$@" 2>&3; } 2>"$0"`;
  try {
    await succeed(["/usr/bin/time", "-o", peakFile, "-f", "%M", "bash", "-c", script, timesFile, ...command], env);
    const [wall = NaN, user = NaN, system = NaN] = numbers(await readFile(timesFile, "utf8"));
    const [peak = NaN] = numbers(await readFile(peakFile, "utf8"));
    return { wall, cpu: user + system, peak: peak / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

async function succeed([program, ...args]: Command, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe", "pipe"], detached: true });
  let words = "";
  for (const stream of [child.stderr, child.stdio[3]]) {
    stream?.on("data", (piece: Buffer) => (words = (words + piece.toString()).slice(-2000)));
  }
  const timer = setTimeout(() => {
    words += `\nIt was stopped after ${longest / 60_000} minutes`;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, longest);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`${args.slice(7).join(" ")}: exit code ${code}\n${words.trim()}`);
  } finally {
    clearTimeout(timer);
  }
}
