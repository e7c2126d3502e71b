import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { terraformProgram } from "../../support/terraform/command.ts";

/** Whether the tests that need terraform run. In continuous integration a missing terraform fails them. */
export const hasTerraform: boolean = terraformProgram !== undefined;

/** Result of a terraform command. */
export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

/** A directory with a configuration, in which terraform commands run. */
export interface Workspace {
  readonly directory: string;
  /** Where the toy keeps its things. */
  readonly store: string;
  write(configuration: string): void;
  run(...words: readonly string[]): Promise<CommandResult>;
  /** Starts a command in a process group of its own. */
  start(...words: readonly string[]): ChildProcess;
  remove(): void;
}

const header = (store: string): string => `
terraform {
  required_providers {
    toy = { source = "registry.terraform.io/imagesync/toy" }
  }
}
provider "toy" {
  directory = ${JSON.stringify(store)}
}
`;

/** Makes a workspace whose commands see only the given variables beside a plain environment. */
export function makeWorkspace(
  options: { readonly cliConfiguration?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): Workspace {
  const directory = mkdtempSync(join(tmpdir(), "toy-workspace-"));
  const store = join(directory, "store");
  mkdirSync(store);
  const cliConfigurationFile = join(directory, "terraform.rc");
  writeFileSync(cliConfigurationFile, options.cliConfiguration ?? "disable_checkpoint = true\n");
  const env = { ...environmentFor(cliConfigurationFile), ...options.environment };
  const start = (...words: readonly string[]): ChildProcess =>
    spawn(terraformProgram ?? "terraform", words, {
      cwd: directory,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    directory,
    store,
    write: (configuration) => writeFileSync(join(directory, "main.tf"), header(store) + configuration),
    start,
    run: (...words) => finished(start(...words)),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Waits for a command and collects what it has printed. */
export function finished(child: ChildProcess): Promise<CommandResult> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

function environmentFor(cliConfigurationFile: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    TF_CLI_CONFIG_FILE: cliConfigurationFile,
  };
}
