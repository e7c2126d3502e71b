import { Command, Option } from "commander";
import type { CompanionsFound, Depth, Inspection, Reference } from "../engine/index.ts";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import { Ended } from "./ended.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import type { OutputFormat } from "./output.ts";
import { createProgress, printable } from "./progress.ts";
import { formatBytes } from "./quantity.ts";

interface InspectFlags extends ConnectionFlags {
  readonly verify?: boolean;
  readonly referrers?: boolean;
  readonly output: OutputFormat;
}

const examples = `
Examples:
  imagesync inspect docker.io/library/nginx:1.29
  imagesync inspect --verify registry.example.com/mirror/nginx:1.29   (ends with 1 when something below it is missing)`;

/** `imagesync inspect`: what a reference points at. */
export function inspectCommand(invocation: Invocation): Command {
  const command = new Command("inspect")
    .description("tell what a tag holds: digest, type, platforms")
    .argument("<reference>", "registry/repository:tag or registry/repository@digest; oci:directory:tag")
    .option("--verify", "ask for every manifest and blob below it, and tell which are missing")
    .option("--referrers", "list what belongs to it: signatures, SBOMs, attestations");
  return withConnection(command)
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((reference: string, flags: InspectFlags) => inspect(reference, flags, invocation));
}

async function inspect(text: string, flags: InspectFlags, invocation: Invocation): Promise<void> {
  const { createEngine, parseLocation, pinned } = await import("../engine/index.ts");
  const { stdout, signal } = invocation;
  const reference = parseLocation(text);
  const { onEvent } = createProgress(invocation, { totalBytes: 0, quiet: false });
  const engine = createEngine({ ...(await engineOptions(reference, flags, invocation)), onEvent });
  try {
    const depth = flags.verify === true ? "blobs" : "tag";
    const inspection = await engine.inspect(reference, { depth, platforms: true, side: "source", signal });
    const found = flags.referrers === true ? await engine.referrers(reference, { signal }) : undefined;
    for (const warning of found?.warnings ?? []) invocation.stderr.write(`Warning: ${printable(warning)}\n`);
    const shown: Shown = {
      reference: pinned(reference, inspection.digest),
      depth,
      inspection,
      tag: reference.tag,
      referrers: found?.companions,
    };
    stdout.write(flags.output === "json" ? asJson(shown) : asText(shown));
    const { manifests, blobs } = inspection.missing;
    if (manifests.length + blobs.length > 0) throw new Ended(exitCodes.failed);
  } finally {
    await engine.close();
  }
}

interface Shown {
  /** Pinned. */
  readonly reference: string;
  readonly tag: Reference["tag"];
  readonly depth: Depth;
  readonly inspection: Inspection;
  /** Undefined when they were not looked for. */
  readonly referrers: CompanionsFound["companions"] | undefined;
}

function asJson({ reference, tag, depth, inspection, referrers }: Shown): string {
  const { digest, mediaType, size, platforms = new Map<string, string>(), missing } = inspection;
  const verified = depth === "blobs" ? { missing } : {};
  return `${JSON.stringify({ reference, tag, digest, mediaType, size, platforms: Object.fromEntries(platforms), referrers, ...verified })}\n`;
}

function asText({ reference, tag, depth, inspection, referrers = [] }: Shown): string {
  const { digest, mediaType, size, platforms = new Map<string, string>(), missing } = inspection;
  const width = Math.max(...[...platforms.keys()].map((platform) => platform.length));
  const lines = [
    ["Reference", reference],
    ...(tag === undefined ? [] : [["Tag", tag]]),
    ["Digest", digest],
    ["Type", mediaType],
    ["Manifest", size === undefined ? "of unknown size" : formatBytes(size)],
    ...[...platforms].map(([platform, image], at) => [
      at === 0 ? "Platforms" : "",
      `${platform.padEnd(width)}  ${image}`,
    ]),
    ...referrers.map(({ digest, artifactType = "of no type" }, at) => [
      at === 0 ? "Referrers" : "",
      `${digest}  ${artifactType}`,
    ]),
    ...(depth === "tag" ? [] : [["Content", contentOf(missing)]]),
    ...missing.manifests.map((each) => ["Missing", `manifest ${each}`]),
    ...missing.blobs.map((each) => ["Missing", `blob ${each}`]),
  ];
  return lines.map(([name = "", value = ""]) => `${name.padEnd(10)} ${printable(value)}\n`).join("");
}

function contentOf({ manifests, blobs }: Inspection["missing"]): string {
  return manifests.length + blobs.length === 0 ? "all of it is there" : "not complete";
}
