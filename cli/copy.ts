import { Command, Option } from "commander";
import type { Plan, PlanItem, Policy, Report } from "../engine/index.ts";
import { type EndsFlags, engineOptionsForEnds, withEnds } from "./copy-ends.ts";
import { Ended } from "./ended.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { collectList } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import { type OutputFormat, renderPlan, renderReport, summarise } from "./output.ts";
import { createProgress, printable } from "./progress.ts";
import { checkWritable, writeLast, writeSideFile } from "./unwritten.ts";
import { UsageError } from "./usage-error.ts";

interface CopyFlags extends EndsFlags {
  readonly platform?: readonly string[];
  readonly requiredPlatform?: readonly string[];
  readonly additionalTag?: readonly string[];
  readonly onConflict?: NonNullable<Policy["onConflict"]>;
  readonly clobber: boolean;
  readonly referrers: boolean;
  readonly artifactType?: readonly string[];
  readonly digestfile?: string;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly output: OutputFormat;
}

const examples = `
Prints the destination pinned by its digest, such as registry.example.com/app@sha256:…
In place of a registry stands oci:DIRECTORY[:tag] for an OCI layout, oci-archive:FILE[:tag] for a tar file of one.

Examples:
  imagesync copy docker.io/library/nginx:1.29 registry.example.com/mirror/nginx:1.29
  imagesync copy --platform linux/amd64,linux/arm64 ghcr.io/acme/app:2 127.0.0.1:5000/app:2 --dest-plain-http
  imagesync copy ghcr.io/acme/app:2 oci-archive:/media/usb/images.tar:app-2`;

/** `imagesync copy`: one image from one registry to another. */
export function copyCommand(invocation: Invocation): Command {
  const command = new Command("copy")
    .description("copy an image with everything that belongs to it")
    .argument("<source>", "registry/repository:tag or registry/repository@digest, oci:directory:tag, …")
    .argument("<destination>", "registry/repository:tag, oci:directory:tag, oci-archive:file:tag")
    .option(
      "--platform <list>",
      "copy only these: os/arch[/variant], repeated or with commas (default: all)",
      collectList,
    )
    .option("--required-platform <list>", "copy nothing unless the source offers all of these", collectList)
    .option("--additional-tag <list>", "more tags for the same image at the destination", collectList)
    .addOption(
      new Option(
        "--on-conflict <choice>",
        "when the destination's tag holds something else (default: overwrite)",
      ).choices(["overwrite", "keep", "fail"]),
    )
    .option("--no-clobber", "the same as --on-conflict keep")
    .option("--referrers", "copy signatures, SBOMs and attestations too", true)
    .option("--no-referrers", "leave them behind")
    .option("--artifact-type <list>", "of these copy only such types", collectList);
  return withEnds(command)
    .option("--digestfile <file>", "write the digest of the image at the destination to a file")
    .option("-n, --dry-run", "print what would be done, write nothing")
    .option("-q, --quiet", "print the result and errors only")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((source: string, destination: string, flags: CopyFlags) => copy(source, destination, flags, invocation));
}

async function copy(from: string, to: string, flags: CopyFlags, invocation: Invocation): Promise<void> {
  const { createEngine, formatReference, parseLocation, parsePlatform, pinned } = await import("../engine/index.ts");
  const { stdout, stderr, signal } = invocation;
  const startedAt = Date.now();
  const source = parseLocation(from);
  const destination = parseLocation(to);
  const policy = {
    ...policyOf(flags),
    platforms: flags.platform?.map(parsePlatform),
    requiredPlatforms: flags.requiredPlatform?.map(parsePlatform),
  };
  await checkWritable({ ...digestFile, file: flags.dryRun === true ? undefined : flags.digestfile });
  const spelling = { reference: formatReference, pinned };
  const isQuiet = flags.quiet === true;
  let progress = createProgress(invocation, { totalBytes: 0, quiet: isQuiet });
  const onEvent: typeof progress.onEvent = (event) => progress.onEvent(event);
  const options = await engineOptionsForEnds(source, destination, flags, invocation);
  const engine = createEngine({ ...options, onEvent });
  try {
    const rule = { source, destination, policy, additionalTags: flags.additionalTag };
    const plan = await engine.plan(rule, { signal });
    if (!isQuiet) for (const warning of plan.warnings ?? []) stderr.write(`Warning: ${printable(warning)}\n`);
    if (flags.dryRun === true) {
      stdout.write(renderPlan(plan, flags.output, spelling));
      endWithFailures(plan, undefined, invocation);
      return;
    }
    progress = createProgress(invocation, { totalBytes: bytesOf(plan.items), quiet: isQuiet });
    const report = await engine.apply(plan, { signal, onEvent });
    progress.finish();
    endWithFailures(plan, report, invocation);
    const cost = { requests: engine.statistics().requests, durationMs: Date.now() - startedAt };
    if (!isQuiet) stderr.write(`${summarise(report, cost)}\n`);
    stdout.write(renderReport(report, flags.output, spelling, cost));
    await writeLast(async () => await writeDigest(flags.digestfile, plan), invocation);
  } finally {
    progress.finish();
    await engine.close();
  }
}

/** @throws UsageError */
function policyOf({ clobber, onConflict, referrers, artifactType }: CopyFlags): Policy {
  if (!clobber && onConflict !== undefined && onConflict !== "keep") {
    throw new UsageError(`--no-clobber contradicts --on-conflict ${onConflict}`, "Give one of them");
  }
  if (!referrers && artifactType !== undefined) {
    throw new UsageError("--artifact-type contradicts --no-referrers", "Give one of them");
  }
  return {
    onConflict: clobber ? onConflict : "keep",
    referrers: referrers ? { artifactTypes: artifactType } : undefined,
  };
}

/** Everything that failed is told here but the first, which is thrown, and told and turned into the exit code there. */
function endWithFailures({ failures = [] }: Plan, report: Report | undefined, { stderr }: Invocation): void {
  const [first, ...others] = (report?.items ?? []).flatMap(({ error }) => (error === undefined ? [] : [error]));
  for (const { message, hint } of [...failures, ...others]) {
    stderr.write(`Error: ${printable(message)}\n${hint === undefined ? "" : `  ${printable(hint)}\n`}`);
  }
  if (first !== undefined) throw first;
  const [unplanned] = failures;
  if (unplanned !== undefined) throw new Ended(exitCodeOf(unplanned));
}

const digestFile = { what: "the digest", flag: "--digestfile" };

/** Without a line break behind it, as skopeo does. @throws UsageError */
async function writeDigest(file: string | undefined, { items: [image] }: Plan): Promise<void> {
  if (file !== undefined && image !== undefined) await writeSideFile(file, digestFile, () => image.digest);
}

function bytesOf(items: readonly PlanItem[]): number {
  return items.reduce((sum, item) => sum + item.bytes, 0);
}
