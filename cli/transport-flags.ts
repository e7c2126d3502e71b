import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { EngineOptions, ExplicitCredential, RegistryTransport, Vendor } from "../engine/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./invocation.ts";
import { UsageError } from "./usage-error.ts";

/** How any registry is reached, as flags. */
export interface TransportFlags {
  readonly caFile?: string;
  readonly authfile?: string;
  readonly proxy?: string;
  readonly mirror?: readonly string[];
  readonly maxBandwidth?: string;
  readonly retryTimes?: number;
  readonly retryDelay?: number;
}

/** Adds those flags to a command. */
export function withTransport(command: Command): Command {
  return command
    .option("--ca-file <file>", "trust the certificates in this PEM file too")
    .option("--authfile <file>", "docker configuration with the logins (default: as docker and podman find it)")
    .option("--proxy <url>", "reach registries through this proxy (default: as HTTPS_PROXY and NO_PROXY say)")
    .option(
      "--mirror <address>",
      "pull from this mirror first: [http://]host[:port][/path]; repeated, in order",
      collectMirror,
    )
    .option("--max-bandwidth <bytes>", "bytes in a second, such as 50MiB, in both directions together")
    .option("--retry-times <number>", "how often a request that failed is sent again (default: 4)", parseTimes)
    .option("--retry-delay <time>", "the shortest pause before that, such as 500ms or 2s (default: 250ms)", parsePause);
}

/** What those flags say of each registry that is read from. Mirrors serve what is pulled. @throws UsageError */
export async function throughTransport({
  caFile,
  proxy,
  mirror,
}: TransportFlags): Promise<Omit<RegistryTransport, "address">> {
  return {
    ...(caFile === undefined ? {} : { caCertificate: await readCertificates(caFile) }),
    ...(proxy === undefined ? {} : { proxyUrl: proxy }),
    ...(mirror === undefined ? {} : { mirrors: mirror }),
  };
}

/** What the engine needs to reach these registries with these logins. @throws UsageError */
export async function engineOptionsOf(
  flags: TransportFlags,
  registries: readonly RegistryTransport[],
  logins: readonly ExplicitCredential[],
  { environment }: Pick<Invocation, "environment">,
): Promise<EngineOptions> {
  return {
    registries: [...registries, ...(await trustedMirrors(flags, registries))],
    credentials: { explicit: logins, configFile: flags.authfile },
    userAgent: `imagesync/${version()}`,
    environment,
    ...(await limitsOf(flags)),
  };
}

/** The certificates of the flag are for every host that is asked, mirrors too, unless they have settings of their own. */
async function trustedMirrors(
  { caFile }: TransportFlags,
  registries: readonly RegistryTransport[],
): Promise<readonly RegistryTransport[]> {
  if (caFile === undefined) return [];
  const { parseMirror } = await import("../engine/index.ts");
  const known = new Set(registries.map(({ address }) => address));
  const mirrors = registries.flatMap((registry) => registry.mirrors ?? []).map((mirror) => parseMirror(mirror));
  const hosts = mirrors.flatMap((mirror) =>
    mirror === undefined || mirror.scheme === "http" || known.has(mirror.registry) ? [] : [mirror.registry],
  );
  if (hosts.length === 0) return [];
  const caCertificate = await readCertificates(caFile);
  return [...new Set(hosts)].map((address) => ({ address, caCertificate }));
}

/** PEM text from a file. @throws UsageError */
async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new UsageError(
      `Cannot read the certificates in "${file}"`,
      "Give --ca-file a readable file with certificates as PEM text",
    );
  }
}

async function limitsOf(flags: TransportFlags): Promise<Pick<EngineOptions, "maxBandwidth" | "retry">> {
  const { maxBandwidth, retryTimes, retryDelay } = flags;
  const { parseByteSize } = await import("../engine/index.ts");
  const bytes = maxBandwidth === undefined ? undefined : parseByteSize(maxBandwidth);
  if (maxBandwidth !== undefined && bytes === undefined) {
    throw new UsageError(
      `--max-bandwidth is no number of bytes: "${maxBandwidth}"`,
      "Write it with its unit, as 50MiB or 800kB: so much in a second",
    );
  }
  const retry = {
    // The first time is none of the times that it is sent again.
    ...(retryTimes === undefined ? {} : { attempts: retryTimes + 1 }),
    ...(retryDelay === undefined ? {} : { baseDelayMs: retryDelay }),
  };
  return { ...(bytes === undefined ? {} : { maxBandwidth: bytes }), retry };
}

/**
 * Refuses proxies that cannot be used before anything is asked through one of them, once however many registries are.
 * @param registries All of them, as they are reached.
 * @throws UsageError; `config` for a variable of the environment. Neither repeats the address, which may hold a password.
 */
export async function checkProxies(
  { proxy }: TransportFlags,
  registries: readonly Pick<RegistryTransport, "address" | "plainHttp" | "proxyUrl">[],
  environment: NonNullable<EngineOptions["environment"]>,
): Promise<void> {
  const { checkProxy, parseProxy } = await import("../engine/index.ts");
  if (proxy !== undefined && parseProxy(proxy) === undefined) {
    throw new UsageError(
      "--proxy names no proxy",
      "Write it as http://host:port, with user and password before the host if it wants a login; https works too, socks does not",
    );
  }
  for (const registry of registries) checkProxy(registry, environment);
}

/** Reads the name of a family of registries. @throws UsageError with all of them */
export async function vendorOf(flag: string, name: string | undefined): Promise<Pick<RegistryTransport, "vendor">> {
  if (name === undefined) return {};
  const { isVendor, vendors } = await import("../engine/index.ts");
  if (isVendor(name)) return { vendor: name satisfies Vendor };
  throw new UsageError(`${flag} names no family of registries: "${name}"`, `It is one of ${vendors.join(", ")}`);
}

function collectMirror(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** None is a number of times too: who wants to see a failure at once says so. */
function parseTimes(text: string): number {
  if (/^(?:\d{1,3}|1000)$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 0 to 1000.");
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Reads a pause such as `500ms`, `2s` or `1m`, at most an hour, as milliseconds. */
function parsePause(text: string): number {
  const [, number, unit = ""] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
  if (ms > 0 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError("A pause is written as 500ms, 2s or 1m.");
}
