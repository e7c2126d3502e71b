import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandFailed, type CommandResult, type RunningCommand, startTerraform } from "./command.ts";
import { type Finding, findingsOf } from "./findings.ts";
import { Plan, type PlanDocument } from "./plan.ts";
import type { TestProvider } from "./provider.ts";
import { State, type StateDocument } from "./state.ts";

export interface PlanOptions {
  /** Default true. */
  readonly refresh?: boolean;
  /** Further arguments, for example `-destroy` or `-replace=imagesync.x`. */
  readonly args?: readonly string[];
}

/** Further environment of one command, for example TF_LOG. */
export type Environment = Readonly<Record<string, string>>;

const quiet = ["-input=false", "-no-color"];

/**
 * A directory with a configuration, and terraform in it. Commands see nothing of the machine's own Terraform settings
 * and logins: an environment of their own, a home of their own, a CLI configuration of their own.
 */
export class Workspace {
  readonly directory: string;
  readonly #provider: TestProvider;
  readonly #environment: Environment;
  readonly #running = new Set<RunningCommand>();
  #plans = 0;

  /** Use {@link openWorkspace}. */
  constructor(directory: string, provider: TestProvider, environment: Environment) {
    this.directory = directory;
    this.#provider = provider;
    this.#environment = environment;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Replaces the configuration: HCL, or an object that is written in Terraform's JSON syntax. */
  async write(config: string | object): Promise<void> {
    await rm(this.path("main.tf"), { force: true });
    await rm(this.path("main.tf.json"), { force: true });
    if (typeof config === "string") await writeFile(this.path("main.tf"), config);
    else await writeFile(this.path("main.tf.json"), JSON.stringify(config, undefined, 2));
  }

  /** Starts a command that the test wants to watch or to disturb. */
  start(args: readonly string[], environment: Environment = {}, input?: string): RunningCommand {
    const command = startTerraform(args, {
      directory: this.directory,
      input,
      environment: {
        PATH: process.env["PATH"],
        HOME: this.directory,
        // Short, as the sockets of providers are put there.
        TMPDIR: "/tmp",
        TF_CLI_CONFIG_FILE: this.path("terraform.rc"),
        CHECKPOINT_DISABLE: "1",
        TF_IN_AUTOMATION: "1",
        ...this.#provider.environment,
        ...this.#environment,
        ...environment,
      },
    });
    this.#running.add(command);
    command.done.then(
      () => this.#running.delete(command),
      () => this.#running.delete(command),
    );
    return command;
  }

  /** Runs a command to its end; a failure is a result. */
  async run(args: readonly string[], environment?: Environment): Promise<CommandResult> {
    return await this.start(args, environment).done;
  }

  /** Runs a command. @throws CommandFailed with its output unless it ends with one of these codes. */
  async must(
    args: readonly string[],
    codes: readonly number[] = [0],
    environment?: Environment,
  ): Promise<CommandResult> {
    const result = await this.run(args, environment);
    if (result.code === null || !codes.includes(result.code)) throw new CommandFailed(result);
    return result;
  }

  /** What `terraform console` says to an expression. */
  async console(expression: string): Promise<CommandResult> {
    return await this.start(["console"], {}, `${expression}\n`).done;
  }

  /** What `terraform validate` finds. */
  async validate(): Promise<readonly Finding[]> {
    return findingsOf((await this.run(["validate", "-json"])).stdout);
  }

  /** Makes a saved plan. @throws CommandFailed. */
  async plan(options: PlanOptions = {}): Promise<Plan> {
    this.#plans += 1;
    const file = this.path(`plan-${this.#plans}`);
    const refresh = options.refresh === false ? ["-refresh=false"] : [];
    const made = await this.must(["plan", ...quiet, `-out=${file}`, ...refresh, ...(options.args ?? [])]);
    const shown = await this.must(["show", "-json", file]);
    return new Plan({ file, document: JSON.parse(shown.stdout) as PlanDocument, text: made.stdout });
  }

  /** Plans, and gives the errors and warnings as data. */
  async planFindings(args: readonly string[] = []): Promise<readonly Finding[]> {
    return findingsOf((await this.run(["plan", ...quiet, "-json", ...args])).stdout);
  }

  /** Applies a saved plan, or plans and applies. @throws CommandFailed. */
  async apply(plan?: Plan, args: readonly string[] = []): Promise<CommandResult> {
    return await this.must(applyArguments(plan, args));
  }

  /** Applies where a failure is expected. @throws when it succeeds. */
  async applyFails(plan?: Plan, args: readonly string[] = []): Promise<CommandResult> {
    return await this.fails(applyArguments(plan, args));
  }

  /** Plans where a failure is expected. @throws when it succeeds. */
  async planFails(args: readonly string[] = []): Promise<CommandResult> {
    return await this.fails(["plan", ...quiet, ...args]);
  }

  /** Runs a command that must fail, with an error of its own and not by a signal. */
  async fails(args: readonly string[], environment?: Environment): Promise<CommandResult> {
    return await this.must(args, [1], environment);
  }

  async state(): Promise<State> {
    return new State(JSON.parse((await this.must(["show", "-json"])).stdout) as StateDocument);
  }

  /** The file that terraform keeps; undefined when there is none yet. */
  async stateFile(): Promise<string | undefined> {
    // There is none before the first apply.
    return await readFile(this.path("terraform.tfstate"), "utf8").catch(() => undefined);
  }

  async destroy(): Promise<CommandResult> {
    return await this.must(["destroy", "-auto-approve", ...quiet]);
  }

  /** Ends what still runs and removes the directory. */
  async close(): Promise<void> {
    for (const command of this.#running) command.kill();
    await Promise.allSettled([...this.#running].map((command) => command.done));
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Makes an empty directory for a provider. */
export async function openWorkspace(provider: TestProvider, environment: Environment = {}): Promise<Workspace> {
  const workspace = new Workspace(await mkdtemp("/tmp/imagesync-tf-"), provider, environment);
  await writeFile(workspace.path("terraform.rc"), `disable_checkpoint = true\n${provider.cliConfig}`);
  return workspace;
}

function applyArguments(plan: Plan | undefined, args: readonly string[]): readonly string[] {
  return plan === undefined ? ["apply", ...quiet, "-auto-approve", ...args] : ["apply", ...quiet, ...args, plan.file];
}
