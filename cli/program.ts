import { Command } from "commander";
import { completionCommand, completionRequestCommand } from "./completion.ts";
import { convertCommand } from "./convert.ts";
import { copyCommand } from "./copy.ts";
import { deleteCommand } from "./delete.ts";
import { demoCommand } from "./demo.ts";
import { digestCommand } from "./digest.ts";
import { doctorCommand } from "./doctor.ts";
import { exitCodeTable } from "./exit-codes.ts";
import { gcCommand } from "./gc.ts";
import { inspectCommand } from "./inspect.ts";
import type { Invocation } from "./invocation.ts";
import { kymaCommand } from "./kyma.ts";
import { planCommand } from "./plan.ts";
import { providerCommand } from "./provider.ts";
import { registryCommand } from "./registry.ts";
import { replicantCommand } from "./replicant.ts";
import { syncCommand } from "./sync.ts";
import { tagsCommand } from "./tags.ts";
import { version } from "../version.ts";

/**
 * The command line: what can be said, and which command it starts. What a command needs beside its flags it imports
 * when it runs, so that `imagesync version` and `--help` load neither the engine nor the registry.
 */
export function createProgram(invocation: Invocation): Command {
  const program = createCompletable(invocation);
  const completable = (): Command => createCompletable(invocation);
  program.addCommand(completionCommand(completable, invocation));
  program.addCommand(completionRequestCommand(completable, invocation), { hidden: true });
  for (const command of withSubcommands(program)) speakThrough(command, invocation);
  return program;
}

/** Everything but the commands for completion, which work on this. */
function createCompletable(invocation: Invocation): Command {
  const program = new Command("imagesync")
    .description("Copies container images from one registry to another, pinned by digest")
    .version(`imagesync ${version()}`, "-V, --version", "print the version")
    .helpCommand(false)
    .addHelpText("after", `\n${exitCodeTable}`);
  program.addCommand(copyCommand(invocation).alias("cp"));
  program.addCommand(syncCommand(invocation));
  program.addCommand(planCommand(invocation));
  program.addCommand(tagsCommand(invocation).alias("ls"));
  program.addCommand(inspectCommand(invocation));
  program.addCommand(digestCommand(invocation));
  program.addCommand(deleteCommand(invocation).alias("rm"));
  program.addCommand(gcCommand(invocation));
  program.addCommand(convertCommand(invocation));
  program.addCommand(replicantCommand(invocation));
  program.addCommand(kymaCommand(invocation));
  program.addCommand(doctorCommand(invocation));
  program.addCommand(providerCommand(invocation));
  program.addCommand(registryCommand(invocation));
  program.addCommand(demoCommand(invocation));
  program
    .command("version")
    .description("print the version")
    .action(() => void invocation.stdout.write(`imagesync ${version()}\n`));
  return program;
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Output goes where the invocation says, and a mistake becomes an exception instead of the end of the process. */
function speakThrough(command: Command, { stdout, stderr }: Invocation): void {
  command
    .exitOverride()
    .showHelpAfterError(`  Run "${fullName(command)} --help" to see what is possible`)
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "Error: ").replace("\n(", "\n  (")),
    });
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
