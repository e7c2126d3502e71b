import { Command, Option } from "commander";
import type { EngineOptions, Reference, RegistryTransport } from "../engine/index.ts";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import type { Invocation } from "./invocation.ts";
import type { OutputFormat } from "./output.ts";
import { createProgress, printable } from "./progress.ts";
import { type SelectionFlags, selectionOf, withSelection } from "./selection-flags.ts";
import { UsageError } from "./usage-error.ts";

interface TagsFlags extends ConnectionFlags, SelectionFlags {
  readonly destination?: string;
  readonly verbose?: boolean;
  readonly output: OutputFormat;
}

const examples = `
A line for each tag that is selected, the lowest version first; with --mode all in the registry's order. The flags say
the same as the keys of a configuration: what they print is what a sync would take.

Examples:
  imagesync tags docker.io/library/nginx
  imagesync tags --range ">=1.25" --keep-latest 3 -v docker.io/library/nginx   (-v: why others are not taken)
  imagesync tags --mode higher --destination registry.example.com/mirror/nginx docker.io/library/nginx`;

/** `imagesync tags`: the tags of a repository, and which of them a selection takes. */
export function tagsCommand(invocation: Invocation): Command {
  const command = new Command("tags")
    .description("list the tags of a repository, or those that a selection takes")
    .argument("<repository>", "registry/repository");
  return withConnection(withSelection(command))
    .option("--destination <repository>", "the repository whose highest version --mode higher goes on from")
    .option("-v, --verbose", "tell on standard error why the others are not taken")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((repository: string, flags: TagsFlags) => listTags(repository, flags, invocation));
}

async function listTags(text: string, flags: TagsFlags, invocation: Invocation): Promise<void> {
  const { checkSelection, createEngine, isNotFound, parseLocation, selectTags } = await import("../engine/index.ts");
  const { stdout, stderr, signal } = invocation;
  const repository = repositoryOf(text, parseLocation);
  const destination = flags.destination === undefined ? undefined : repositoryOf(flags.destination, parseLocation);
  const selection = selectionOf(flags);
  // Before anything is asked of a registry.
  checkSelection(selection);
  const { onEvent } = createProgress(invocation, { totalBytes: 0, quiet: false });
  const options = await engineOptions(repository, flags, invocation);
  const there = destination === undefined ? undefined : await engineOptions(destination, flags, invocation);
  const engine = createEngine({ ...options, registries: transportsOf(options, there), onEvent });
  const existingTags = async (): Promise<readonly string[]> => {
    if (destination === undefined) return [];
    return await engine.tags(destination, { side: "destination", signal }).catch((error: unknown) => {
      // A destination that is not there yet has no version.
      if (isNotFound(error)) return [];
      throw error;
    });
  };
  try {
    const [tags, existing] = await Promise.all([engine.tags(repository, { side: "source", signal }), existingTags()]);
    const selected = selectTags(tags, selection, existing);
    if (flags.output === "json") {
      stdout.write(`${JSON.stringify({ repository: repository.spelled, ...selected })}\n`);
      return;
    }
    stdout.write(selected.tags.map((tag) => `${printable(tag)}\n`).join(""));
    if (flags.verbose !== true) return;
    stderr.write(selected.ignored.map(({ tag, why }) => `${printable(`${tag}: ${why}`)}\n`).join(""));
    const more = selected.ignoredCount - selected.ignored.length;
    if (more > 0) stderr.write(`… and ${more} more\n`);
  } finally {
    await engine.close();
  }
}

/** Once each: a registry that is source and destination is configured the same for both. */
function transportsOf(...options: readonly (EngineOptions | undefined)[]): RegistryTransport[] {
  const all = options.flatMap((each) => [...(each?.registries ?? [])]);
  return [...new Map(all.map((transport) => [transport.address, transport])).values()];
}

/** @throws UsageError for an image, so that nobody takes all tags for the one he has named. */
function repositoryOf(text: string, parse: (text: string) => Reference): Reference {
  const reference = parse(text);
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw new UsageError(
    `Cannot list the tags of "${text}": it names an image, not a repository`,
    "Write registry/repository; imagesync inspect takes an image",
  );
}
