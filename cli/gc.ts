import { Command, Option } from "commander";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import { Ended } from "./ended.ts";
import { exitCodes } from "./exit-codes.ts";
import { collectList, parseAge } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import type { OutputFormat } from "./output.ts";
import { createProgress } from "./progress.ts";
import { explainCollection, isIncomplete, renderCollection, summariseCollection } from "./removal-output.ts";
import { UsageError } from "./usage-error.ts";

interface GcFlags extends ConnectionFlags {
  readonly digest?: readonly string[];
  readonly keepDigest?: readonly string[];
  readonly untaggedOlderThan?: number;
  /** False with --no-referrers. */
  readonly referrers: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly output: OutputFormat;
}

const examples = `
Finishes what interrupted deletes have left in a repository: tags with a stand-in or with nothing behind them. With
--digest also deletes those images, unless a tag, an index or a kept digest still needs them. Most registries cannot
list what no tag holds: name the digests there. Somebody may run an image by its digest, which no registry knows.

Examples:
  imagesync gc --dry-run registry.example.com/team/app
  imagesync gc --digest sha256:… registry.example.com/team/app`;

/** `imagesync gc`: the garbage of one repository. */
export function gcCommand(invocation: Invocation): Command {
  const command = new Command("gc")
    .description("collect the garbage of a repository")
    .argument("<repository>", "registry/repository")
    .option("--digest <list>", "delete these images unless something needs them", collectList)
    .option("--keep-digest <list>", "never collect these digests, nor what is below them", collectList)
    .option("--no-referrers", "leave signatures, SBOMs and what else belongs to these images")
    .option(
      "--untagged-older-than <age>",
      "delete what no tag holds and is older, such as 30d, where the registry lists it (Google's)",
      parseAge,
    );
  return withConnection(command)
    .option("-n, --dry-run", "print what would be deleted, delete nothing")
    .option("-q, --quiet", "print the result and errors only")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((repository: string, flags: GcFlags) => collectGarbage(repository, flags, invocation));
}

async function collectGarbage(text: string, flags: GcFlags, invocation: Invocation): Promise<void> {
  const { createEngine, parseDigest, parseLocation } = await import("../engine/index.ts");
  const { stdout, stderr, signal } = invocation;
  const repository = parseLocation(text);
  if (repository.tag !== undefined || repository.digest !== undefined) {
    throw new UsageError(
      `Cannot collect the garbage of "${text}": it names an image, not a repository`,
      "Write registry/repository, and name images with --digest; imagesync delete takes a tag",
    );
  }
  const { dryRun = false, digest = [], keepDigest = [], output } = flags;
  const { onEvent } = createProgress(invocation, { totalBytes: 0, quiet: flags.quiet === true });
  const engine = createEngine({ ...(await engineOptions(repository, flags, invocation)), onEvent });
  try {
    const report = await engine.collect(repository, {
      digests: digest.map(parseDigest),
      keepDigests: keepDigest.map(parseDigest),
      untaggedOlderThanMs: flags.untaggedOlderThan,
      referrers: flags.referrers,
      dryRun,
      signal,
    });
    stdout.write(renderCollection(report, output));
    stderr.write(explainCollection(report));
    if (flags.quiet !== true) stderr.write(`${summariseCollection(report, report.tags.length, dryRun)}\n`);
    if (isIncomplete(report)) throw new Ended(exitCodes.failed);
  } finally {
    await engine.close();
  }
}
