import { Command, Option } from "commander";
import type { ExplicitCredential, PlanItem, Reference, RegistryTransport } from "../engine/index.ts";
import { loginFor, readCertificates } from "./connection.ts";
import { collectList } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import { type OutputFormat, renderPlan, renderReport, summarise } from "./output.ts";
import { createProgress } from "./progress.ts";
import { version } from "../version.ts";

interface CopyFlags {
  readonly plainHttp?: boolean;
  readonly srcPlainHttp?: boolean;
  readonly destPlainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly caFile?: string;
  readonly platform?: readonly string[];
  readonly requiredPlatform?: readonly string[];
  readonly authfile?: string;
  readonly srcCreds?: string;
  readonly destCreds?: string;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly output: OutputFormat;
}

const examples = `
Prints the destination pinned by its digest, such as registry.example.com/app@sha256:…

Examples:
  imagesync copy docker.io/library/nginx:1.29 registry.example.com/mirror/nginx:1.29
  imagesync copy --platform linux/amd64,linux/arm64 ghcr.io/acme/app:2 127.0.0.1:5000/app:2 --dest-plain-http`;

/** `imagesync copy`: one image from one registry to another. */
export function copyCommand(invocation: Invocation): Command {
  return new Command("copy")
    .description("copy an image with everything that belongs to it")
    .argument("<source>", "registry/repository:tag or registry/repository@digest")
    .argument("<destination>", "registry/repository:tag")
    .option(
      "--platform <list>",
      "copy only these: os/arch[/variant], repeated or with commas (default: all)",
      collectList,
    )
    .option("--required-platform <list>", "copy nothing unless the source offers all of these", collectList)
    .option("--plain-http", "speak HTTP without encryption to both registries")
    .option("--src-plain-http", "speak it to the source's registry only")
    .option("--dest-plain-http", "speak it to the destination's registry only")
    .option("--ca-file <file>", "trust the certificates in this PEM file too")
    .option("--insecure-skip-tls-verify", "accept any certificate of both registries")
    .option("--authfile <file>", "docker configuration with the logins (default: as docker and podman find it)")
    .option("--src-creds <user:password>", "login for the source")
    .option("--dest-creds <user:password>", "login for the destination")
    .option("-n, --dry-run", "print what would be done, write nothing")
    .option("-q, --quiet", "print the result and errors only")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((source: string, destination: string, flags: CopyFlags) => copy(source, destination, flags, invocation));
}

async function copy(from: string, to: string, flags: CopyFlags, invocation: Invocation): Promise<void> {
  const { createEngine, formatReference, parsePlatform, parseReference, pinned } = await import("../engine/index.ts");
  const { stdout, stderr, environment, signal } = invocation;
  const startedAt = Date.now();
  const source = parseReference(from);
  const destination = parseReference(to);
  const policy = {
    platforms: flags.platform?.map(parsePlatform),
    requiredPlatforms: flags.requiredPlatform?.map(parsePlatform),
  };
  const registries = await transports(source, destination, flags);
  const spelling = { reference: formatReference, pinned };
  let progress = createProgress(invocation, { totalBytes: 0, quiet: flags.quiet === true });
  const onEvent: typeof progress.onEvent = (event) => progress.onEvent(event);
  const engine = createEngine({
    registries,
    credentials: { explicit: logins(source, destination, flags), configFile: flags.authfile },
    userAgent: `imagesync/${version()}`,
    environment,
    onEvent,
  });
  try {
    const plan = await engine.plan({ source, destination, policy }, { signal });
    if (flags.dryRun === true) {
      stdout.write(renderPlan(plan, flags.output, spelling));
      return;
    }
    progress = createProgress(invocation, { totalBytes: bytesOf(plan.items), quiet: flags.quiet === true });
    const report = await engine.apply(plan, { signal, onEvent });
    progress.finish();
    const failed = report.items.find((item) => item.error !== undefined);
    if (failed?.error !== undefined) throw failed.error;
    const cost = { requests: engine.statistics().requests, durationMs: Date.now() - startedAt };
    if (flags.quiet !== true) stderr.write(`${summarise(report, cost)}\n`);
    stdout.write(renderReport(report, flags.output, spelling, cost));
  } finally {
    progress.finish();
    await engine.close();
  }
}

function bytesOf(items: readonly PlanItem[]): number {
  return items.reduce((sum, item) => sum + item.bytes, 0);
}

/** Each registry is configured once, also when it is source and destination. */
async function transports(source: Reference, destination: Reference, flags: CopyFlags): Promise<RegistryTransport[]> {
  const caCertificate = flags.caFile === undefined ? undefined : await readCertificates(flags.caFile);
  const plain = new Set<string>();
  if (flags.plainHttp === true || flags.srcPlainHttp === true) plain.add(source.registry);
  if (flags.plainHttp === true || flags.destPlainHttp === true) plain.add(destination.registry);
  return [...new Set([source.registry, destination.registry])].map((address) => ({
    address,
    plainHttp: plain.has(address),
    insecureSkipVerify: flags.insecureSkipTlsVerify,
    caCertificate,
  }));
}

/** A login is for its own repository, so that two accounts on one registry work. */
function logins(source: Reference, destination: Reference, flags: CopyFlags): ExplicitCredential[] {
  return [
    ...loginFor(source, "--src-creds", flags.srcCreds),
    ...loginFor(destination, "--dest-creds", flags.destCreds),
  ];
}
