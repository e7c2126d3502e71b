import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** Another Node that runs a module of the tests. */
export interface OtherProcess {
  /** What it has written, once it has ended. */
  readonly output: Promise<string>;
}

/** Runs `code` in a process of its own; where tests run as root, as a user who may not do everything. */
export function runElsewhere(code: string): OtherProcess {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    ["--no-warnings", "--input-type=module", "--eval", code],
    {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: "/",
      ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return { output: text(child.stdout) };
}

/** What Linux and macOS call the user without rights, near enough: nothing of the tests belongs to it. */
const nobody = 65_534;

/** The address of a module of the engine's credentials, as an import in `code` needs it. */
export function moduleUrl(name: string): string {
  return JSON.stringify(new URL(`../../../engine/credentials/${name}.ts`, import.meta.url).href);
}
