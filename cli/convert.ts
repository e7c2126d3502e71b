import { Command, Option } from "commander";
import type { ConvertibleFormat } from "./convert/read-foreign.ts";
import type { Invocation } from "./invocation.ts";

interface ConvertFlags {
  readonly from: ConvertibleFormat | "auto";
  readonly to: "native" | "terraform";
  readonly outputFile?: string;
  readonly targetRepoPrefix?: string;
  readonly registry?: string;
  readonly scoped?: boolean;
}

const formats = ["auto", "native", "replicant", "kyma", "regsync", "skopeo", "image-syncer", "harbor"];

const examples = `
What has no counterpart stands in comments, and on standard error with the line it comes from. Secrets stay where they
are: the new file names variables or files that hold them.

Examples:
  imagesync convert replicant.yaml -o imagesync.yaml
  imagesync convert --to terraform regsync.yml > mirror.tf
  imagesync convert --from skopeo --registry registry.example.com/mirror sync.yml`;

/** `imagesync convert`: the file of another program, or one of ours, as a file of ours or for Terraform. */
export function convertCommand(invocation: Invocation): Command {
  return new Command("convert")
    .description("write the configuration of another program as our own, or for Terraform")
    .argument("<file>", "what to convert; - is the standard input")
    .addOption(
      new Option("--from <format>", "whose file it is").choices(formats).default("auto", "told by its content"),
    )
    .addOption(new Option("--to <format>", "what it becomes").choices(["native", "terraform"]).default("native"))
    .option("-o, --output-file <file>", "write it there, unless the file exists (default: standard output)")
    .option("--target-repo-prefix <prefix>", "what goes before each name, for lists of Kyma's image-syncer without it")
    .option("--registry <address>", "the registry that the file does not name: skopeo's target, or the Harbor itself")
    .option("--scoped", "as skopeo's flag: whole names of sources go below the target")
    .addHelpText("after", examples)
    .action((file: string, flags: ConvertFlags) => convert(file, flags, invocation));
}

async function convert(file: string, flags: ConvertFlags, { stdout, stderr }: Invocation): Promise<void> {
  const { convertText } = await import("./convert/convert-text.ts");
  const { readText } = await import("./config/yaml-file.ts");
  const { printable } = await import("./progress.ts");
  const { text, warnings } = convertText(file, await readText(file), {
    ...flags,
    format: flags.from === "auto" ? undefined : flags.from,
  });
  for (const warning of warnings) stderr.write(`Warning: ${printable(warning)}\n`);
  if (flags.outputFile === undefined) {
    stdout.write(text);
    return;
  }
  const { writeNew } = await import("./convert/write-new.ts");
  await writeNew(flags.outputFile, text);
}
