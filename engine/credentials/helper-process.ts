import { spawn } from "node:child_process";
import type { Environment } from "./environment.ts";

export interface HelperProcessOptions {
  /** Name of the program, looked for in the `PATH` of the environment. */
  readonly program: string;
  readonly args: readonly string[];
  /** Written to its standard input, which is closed then. */
  readonly input: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
  /** Stops the program when nobody waits for its answer any more. */
  readonly signal: AbortSignal;
}

/** How a program ended. Its output is a secret until it is known to be none. */
export type HelperProcessEnd =
  | { readonly kind: "exited"; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: "killed"; readonly by: string; readonly stderr: string }
  | { readonly kind: "not-started"; readonly why: string }
  | { readonly kind: "missing" }
  | { readonly kind: "timeout" }
  | { readonly kind: "too-much-output" };

/** A login has a few kilobytes at most; tokens of clouds are the longest. */
export const maxHelperOutputBytes: number = 64 * 1024;

/** Of the complaint only the first line is ever looked at; the rest is read, so that the program is not held up. */
const maxComplaintBytes = 4 * 1024;

/** A program may leave a daemon behind that holds its output open; what it has written itself is in the pipe by then. */
const outputGraceMs = 500;

/**
 * Runs a program without a shell, in a process group of its own, so that what it has started is stopped with it: after
 * the timeout, too much output, the signal, and when this process exits.
 * @throws the signal's reason.
 */
export function runHelperProcess(options: HelperProcessOptions): Promise<HelperProcessEnd> {
  const { program, args, input, environment, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, {
      env: environment,
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
      windowsHide: true,
      // A group exists only where processes are forked; Windows would open a console window instead.
      detached: process.platform !== "win32",
    });
    const { pid } = child;
    if (pid !== undefined) watch(pid);
    const stdout = capture(maxHelperOutputBytes);
    const stderr = capture(maxComplaintBytes);
    let grace: NodeJS.Timeout | undefined;

    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener("abort", onAbort);
      if (pid !== undefined) running.delete(pid);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      finish();
    };
    const stop = (finish: () => void): void => {
      if (pid !== undefined) killTree(pid);
      settle(finish);
    };
    const onAbort = (): void => stop(() => reject(signal.reason as Error));
    const timer = setTimeout(() => stop(() => resolve({ kind: "timeout" })), timeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });

    child.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "unknown error";
      settle(() => resolve(code === "ENOENT" ? { kind: "missing" } : { kind: "not-started", why: code }));
    });
    // A program that needs no input may end before it was written; its answer counts all the same.
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (chunk: Buffer) => {
      if (!stdout.add(chunk)) stop(() => resolve({ kind: "too-much-output" }));
    });
    child.stderr.on("data", (chunk: Buffer) => void stderr.add(chunk));
    child.once("exit", (code, by) => {
      const ended = (): void => settle(() => resolve(endOf(code, by, stdout.text(), stderr.text())));
      // What it wrote may still be in the pipe, so its exit is not yet the end.
      child.once("close", ended);
      grace = setTimeout(ended, outputGraceMs);
    });
    child.stdin.end(input);
  });
}

/** Collects up to a limit; what is beyond it is dropped, and said so. */
function capture(limit: number): { add(chunk: Buffer): boolean; text(): string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk) => {
      const room = limit - bytes;
      if (room > 0) chunks.push(chunk.subarray(0, room));
      bytes += Math.min(room, chunk.length);
      return chunk.length <= room;
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

function endOf(code: number | null, by: string | null, stdout: string, stderr: string): HelperProcessEnd {
  return code === null ? { kind: "killed", by: String(by), stderr } : { kind: "exited", code, stdout, stderr };
}

/** Those that must not outlive this process. One listener for all of them: Node warns of more than ten. */
const running = new Set<number>();
let watching = false;

function watch(pid: number): void {
  running.add(pid);
  if (watching) return;
  watching = true;
  process.once("exit", () => running.forEach(killTree));
}

/** Whatever the program has started is in its group, unless it took care not to be. */
function killTree(pid: number): void {
  try {
    if (process.platform === "win32") {
      const killer = spawn("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
      killer.on("error", () => undefined);
    } else {
      process.kill(-pid, "SIGKILL");
    }
  } catch {
    // It has ended by itself in the meantime, which is what was wanted.
  }
}
