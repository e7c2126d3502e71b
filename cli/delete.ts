import { Command, Option } from "commander";
import type { Digest, Reference } from "../engine/index.ts";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import { Ended } from "./ended.ts";
import { exitCodes } from "./exit-codes.ts";
import { collectList } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import type { OutputFormat } from "./output.ts";
import { createProgress } from "./progress.ts";
import { explainCollection, isIncomplete, renderCollection, summariseCollection } from "./removal-output.ts";
import { UsageError } from "./usage-error.ts";

interface DeleteFlags extends ConnectionFlags {
  readonly digest?: string;
  readonly keepDigest?: readonly string[];
  readonly untagOnly?: boolean;
  /** False with --no-referrers. */
  readonly referrers: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly output: OutputFormat;
}

const examples = `
Takes the tag away, then every manifest and layer of the image that nothing else in the repository needs: other tags,
indexes, kept digests. Signatures and SBOMs go with their image. Prints what was deleted. A tag that is gone already is
success.

Examples:
  imagesync delete registry.example.com/team/app:1.2
  imagesync delete --digest sha256:… registry.example.com/team/app:1.2   (only if the tag still holds this)
  imagesync delete registry.example.com/team/app@sha256:…                (only if no tag needs it)`;

/** `imagesync delete`: one tag, and what only it has needed. */
export function deleteCommand(invocation: Invocation): Command {
  const command = new Command("delete")
    .description("delete a tag, and what only that tag has needed")
    .argument("<reference>", "registry/repository:tag or registry/repository@digest")
    .option("--digest <digest>", "delete the tag only if it holds this digest")
    .option("--keep-digest <list>", "never collect these digests, nor what is below them", collectList)
    .option("--no-referrers", "leave signatures, SBOMs and what else belongs to the image")
    .option("--untag-only", "take the tag away and leave all content to the registry");
  return withConnection(command)
    .option("-n, --dry-run", "print what would be deleted, delete nothing")
    .option("-q, --quiet", "print the result and errors only")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((reference: string, flags: DeleteFlags) => deleteImage(reference, flags, invocation));
}

async function deleteImage(text: string, flags: DeleteFlags, invocation: Invocation): Promise<void> {
  const { createEngine, ImagesyncError, isNotFound, parseDigest, parseLocation } = await import("../engine/index.ts");
  const { stdout, stderr, signal } = invocation;
  const orAbsent = (error: unknown): undefined => {
    if (!isNotFound(error)) throw error;
  };
  const reference = parseLocation(text);
  const { dryRun = false, untagOnly, keepDigest = [], output } = flags;
  const digest = flags.digest === undefined ? undefined : parseDigest(flags.digest);
  checkImage(text, reference, digest);
  const { onEvent } = createProgress(invocation, { totalBytes: 0, quiet: flags.quiet === true });
  const engine = createEngine({ ...(await engineOptions(reference, flags, invocation)), onEvent });
  try {
    if (digest !== undefined && reference.tag !== undefined) {
      // Who names a digest to be sure wants nothing touched when he was wrong.
      const held = await engine
        .resolve({ ...reference, digest: undefined }, { side: "destination", signal })
        .catch(orAbsent);
      if (held !== undefined && held.sourceDigest !== digest) {
        stderr.write(`Kept ${held.sourceDigest}: the tag ${reference.tag} holds it, not ${digest}\n`);
        throw new Ended(exitCodes.conflict);
      }
    }
    const report = await engine.remove(reference, {
      ...(digest === undefined ? {} : { expectDigest: digest }),
      keepDigests: keepDigest.map(parseDigest),
      policy: untagOnly === true ? "untag" : "delete",
      referrers: flags.referrers,
      dryRun,
      signal,
    });
    const { tag } = reference;
    const untagged = report.untagged && !report.absent && tag !== undefined;
    stdout.write(renderCollection(untagged ? { tag, ...report } : report, output));
    if (report.absent && tag !== undefined) stderr.write(`The tag ${tag} is not there\n`);
    stderr.write(explainCollection(report));
    const tags = report.tags.length + (untagged ? 1 : 0);
    if (flags.quiet !== true) stderr.write(`${summariseCollection(report, tags, dryRun)}\n`);
    if (!report.untagged) throw new Ended(exitCodes.conflict);
    if (isIncomplete(report)) throw new Ended(exitCodes.failed);
  } catch (error) {
    const [name, left] = error instanceof ImagesyncError ? (error.reference?.split("@") ?? []) : [];
    if (!(error instanceof ImagesyncError) || error.code !== "aborted" || left === undefined) throw error;
    const { message, operation, reference: image, cause } = error;
    const hint = `Repeat it; once the tag is gone, this deletes what is left: imagesync gc --digest ${left} ${name}`;
    throw new ImagesyncError({ code: "aborted", operation, message, reference: image, hint, cause });
  } finally {
    await engine.close();
  }
}

/** Nothing is guessed about what to delete. @throws UsageError */
function checkImage(text: string, { tag, digest }: Reference, wanted: Digest | undefined): void {
  if (tag === undefined && digest === undefined) {
    throw new UsageError(
      `Cannot delete "${text}": it names a repository, not an image`,
      "Add the tag, such as :latest, or the digest; imagesync gc takes a repository",
    );
  }
  if (digest !== undefined && wanted !== undefined && digest !== wanted) {
    throw new UsageError(`Cannot delete "${text}": --digest names another digest`, "Give the digest once");
  }
}
