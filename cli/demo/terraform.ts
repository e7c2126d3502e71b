import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ImagesyncError } from "../../engine/index.ts";
import type { Invocation } from "../invocation.ts";

/** Where the provider would come from if it were published; nothing is fetched from there. */
export const providerAddress = "registry.terraform.io/imagesync/imagesync";

/** A second Ctrl-C makes terraform give up at once; so does this. */
const killAfterMs = 1000;

export interface TerraformOptions {
  /** Path of terraform or tofu. */
  readonly program: string;
  /** Where the provider's executable is. */
  readonly providerDirectory: string;
  /** Where terraform works. */
  readonly directory: string;
  readonly environment: Invocation["environment"];
  readonly signal: AbortSignal;
}

/** terraform, or tofu, with our provider and with nothing of the configuration of whoever runs this. */
export class Terraform {
  /** `terraform` or `tofu`. */
  readonly name: string;
  /** Its command line configuration. */
  readonly configFile: string;
  readonly #options: TerraformOptions;

  constructor(options: TerraformOptions) {
    this.#options = options;
    this.name = basename(options.program);
    this.configFile = join(options.directory, "terraform.tfrc");
  }

  /** Writes the command line configuration, and the configuration that is applied. */
  async prepare(configuration: string): Promise<void> {
    const { directory, providerDirectory } = this.#options;
    const overrides = `${JSON.stringify(providerAddress)} = ${JSON.stringify(providerDirectory)}`;
    await writeFile(this.configFile, `provider_installation {\n  dev_overrides {\n    ${overrides}\n  }\n}\n`);
    await writeFile(join(directory, "main.tf"), configuration);
  }

  async version(): Promise<string> {
    const { output } = await this.run(["version", "-json"]);
    const version: unknown = JSON.parse(output);
    return typeof version === "object" && version !== null && "terraform_version" in version
      ? String(version.terraform_version)
      : "of unknown version";
  }

  /** Runs a command to its end. @throws when its exit code is not among `expected`. */
  async run(
    commandLine: readonly string[],
    expected: readonly number[] = [0],
  ): Promise<{ readonly code: number; readonly output: string }> {
    const { program, directory, signal } = this.#options;
    signal.throwIfAborted();
    const child = spawn(program, commandLine, {
      cwd: directory,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own: Ctrl-C on the terminal comes to us alone, and we end the provider with it.
      detached: true,
    });
    const texts: { stdout: string; stderr: string } = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
    const code = await endOf(child, signal);
    signal.throwIfAborted();
    if (!expected.includes(code)) throw failed(this.name, commandLine, code, texts);
    return { code, output: texts.stdout };
  }

  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(this.#options.environment).filter(([name]) => !name.startsWith("TF_"));
    return {
      ...Object.fromEntries(kept),
      // What terraform and providers put aside goes with everything else, even if they are killed.
      TMPDIR: this.#options.directory,
      TF_CLI_CONFIG_FILE: this.configFile,
      TF_IN_AUTOMATION: "1",
      CHECKPOINT_DISABLE: "1",
    };
  }
}

/** Waits for the exit code; a stop asks the process and its children to end, and then makes them. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const ask = (): void => killGroup(child, "SIGINT");
  const kill = (): void => killGroup(child, "SIGKILL");
  let deadline: NodeJS.Timeout | undefined;
  const stop = (): void => {
    ask();
    deadline = setTimeout(kill, killAfterMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  process.once("exit", kill);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
  } finally {
    // A provider whose terraform was stopped under it would stay for some seconds more.
    if (signal.aborted) kill();
    clearTimeout(deadline);
    signal.removeEventListener("abort", stop);
    process.off("exit", kill);
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended by itself: that is what was wanted.
  }
}

function failed(
  name: string,
  commandLine: readonly string[],
  code: number,
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
): ImagesyncError {
  const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return new ImagesyncError({
    code: "internal",
    operation: "run the demo",
    message: `${name} ${commandLine.join(" ")} ended with code ${code}: ${said.slice(-8).join(" ")}`,
    hint: "The demo needs terraform 1.0 or tofu 1.6, or newer",
  });
}
