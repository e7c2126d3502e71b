import { Argument, Command } from "commander";
import type { Invocation } from "./invocation.ts";

/** The shells that a script can be had for. */
const shells = ["bash", "zsh", "fish", "powershell"] as const;

/** The command that the scripts of the shells call at each press of the key. */
const requestName = "complete";

const examples = `
Load it where your shell starts:
  bash        source <(imagesync completion bash)         in ~/.bashrc
  zsh         source <(imagesync completion zsh)          in ~/.zshrc, after compinit
  fish        imagesync completion fish | source          in ~/.config/fish/config.fish
  powershell  imagesync completion powershell | Out-String | Invoke-Expression   in $PROFILE`;

/** Builds the command line that is to be completed, without the commands of this file. */
export type CreateProgram = () => Command;

/** `imagesync completion`: a script that makes a shell complete commands, flags and their choices. */
export function completionCommand(create: CreateProgram, { stdout }: Invocation): Command {
  return new Command("completion")
    .description("print the script that makes your shell complete imagesync")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText("after", examples)
    .action(async (shell: string) => {
      const script = await answer(create(), ["completion", shell]);
      stdout.write(shell === "bash" ? forPlainBash(script) : script);
    });
}

/** What the script asks while somebody types; no person calls it, and the help does not show it. */
export function completionRequestCommand(create: CreateProgram, { stdout }: Invocation): Command {
  return new Command(requestName).argument("[words...]").action(async (words: readonly string[]) => {
    const program = create();
    const found = await answer(program, [requestName, "--", ...words]);
    stdout.write(takesFile(commandOf(program, words), words.at(-2)) ? `${shellsOwnCompletion}\n` : found);
  });
}

/** The directive that leaves the completion to the shell, which knows files best. */
const shellsOwnCompletion = ":0";

/** The command that the words begin with. */
function commandOf(program: Command, [first, ...rest]: readonly string[]): Command {
  const command = program.commands.find((each) => each.name() === first || each.aliases().includes(first ?? ""));
  return command === undefined ? program : commandOf(command, rest);
}

/** Whether the word is a flag whose value is the name of a file. */
function takesFile(command: Command, word: string | undefined): boolean {
  if (word?.startsWith("-") !== true) return false;
  return command.options.some(({ long, short, flags }) => {
    return (word === long || word === short) && /<(?:file|path|directory)>/.test(flags);
  });
}

/**
 * The adapter adds its two commands to a program of its own, so that no other start of ours pays for loading it. It
 * writes to the console and nowhere else, before it returns.
 */
async function answer(program: Command, words: readonly string[]): Promise<string> {
  const { default: addCompletion } = await import("@bomb.sh/tab/commander");
  addCompletion(program, { completionCommandName: "completion" });
  const { log } = console;
  let text = "";
  Object.assign(console, { log: (line: string) => void (text += `${line}\n`) });
  try {
    program.parse(words, { from: "user" });
  } finally {
    Object.assign(console, { log });
  }
  return text;
}

/**
 * The script asks a function of the package bash-completion for the words, which not every machine has; it may be
 * loaded only once, which is once too few for whoever reloads his ~/.bashrc; and it evaluates what was typed, such as
 * `$(command)`, unless that is quoted.
 */
function forPlainBash(script: string): string {
  const amended = script
    .replaceAll(/^readonly /gm, "")
    .replace(/^complete -F/m, "complete -o default -F")
    .replace("-- ${words[@]:1}", "--$(printf ' %q' \"${words[@]:1}\")");
  return `${wordsWithoutPackage}${amended}`;
}

const wordsWithoutPackage = `# Where the package bash-completion is not loaded
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        words=("\${COMP_WORDS[@]}")
        cword=$COMP_CWORD
        cur="\${words[cword]}"
        prev="\${words[cword - 1]}"
    }
fi

`;
