import { spawn } from "node:child_process";
import { requireTool } from "../registries/index.ts";
import { plainText } from "./plain-text.ts";

/** Path of terraform, or undefined: `describe.skipIf(terraformProgram === undefined)`. */
export const terraformProgram: string | undefined = requireTool("terraform");

/** A finished command. */
export interface CommandResult {
  readonly args: readonly string[];
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both outputs in one line: no boxes, no line breaks, as error texts are compared. */
  readonly text: string;
}

/** A running command. */
export interface RunningCommand {
  /** Also the number of its process group, which is what Ctrl-C reaches. */
  readonly pid: number;
  /** Resolves when it has ended, whatever its exit code. */
  readonly done: Promise<CommandResult>;
  /** Signals the process group as a terminal does: terraform and every provider it has started. */
  interrupt(): void;
  kill(): void;
}

/** A command that should have succeeded. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly result: CommandResult;

  constructor(result: CommandResult) {
    super(`terraform ${result.args.join(" ")} ended with ${result.code}:\n${result.stdout}\n${result.stderr}`);
    this.result = result;
  }
}

/** No command of the tests takes as long; one that hangs is ended so that its output can be seen. */
const hangMs = 280_000;

/**
 * Starts a command. Never synchronously: the provider and the registries that it talks to live in this process.
 */
export function startTerraform(
  args: readonly string[],
  options: {
    readonly directory: string;
    readonly environment: NodeJS.ProcessEnv;
    /** What somebody types. @default nothing */
    readonly input?: string | undefined;
  },
): RunningCommand {
  if (terraformProgram === undefined) throw new Error("terraform is not on PATH");
  const child = spawn(terraformProgram, args, {
    cwd: options.directory,
    env: options.environment,
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: a signal to it reaches the providers and not the tests.
    detached: true,
  });
  // A command that reads nothing may have ended before.
  child.stdin.on("error", () => undefined).end(options.input);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const pid = child.pid ?? 0;
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      if (pid > 0) process.kill(-pid, signal);
    } catch {
      // It has ended in between.
    }
  };
  const done = new Promise<CommandResult>((resolve, reject) => {
    const hang = setTimeout(() => signalGroup("SIGKILL"), hangMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(hang);
      resolve({ args, code, stdout, stderr, text: plainText(`${stdout}\n${stderr}`) });
    });
  });
  return { pid, done, interrupt: () => signalGroup("SIGINT"), kill: () => signalGroup("SIGKILL") };
}
