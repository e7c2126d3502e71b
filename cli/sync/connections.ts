import type { Command } from "commander";
import type { EngineOptions, RegistryTransport } from "../../engine/index.ts";
import { version } from "../../version.ts";
import type { SyncConfig } from "../config/sync-config.ts";
import { readCertificates } from "../connection.ts";
import { parseCount } from "../flags.ts";
import type { Invocation } from "../invocation.ts";

/** How all registries of a run are reached, as flags: they add to what the configuration says of each, and win. */
export interface ConnectionsFlags {
  readonly plainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly caFile?: string;
  readonly authfile?: string;
  readonly jobs?: number;
}

/** Adds those flags to a command that works at many registries. */
export function withConnections(command: Command): Command {
  return command
    .option("-j, --jobs <number>", "blobs that move at the same time (default: 30)", parseCount)
    .option("--plain-http", "speak HTTP without encryption to all registries")
    .option("--ca-file <file>", "trust the certificates in this PEM file too")
    .option("--insecure-skip-tls-verify", "accept any certificate of all registries")
    .option("--authfile <file>", "docker configuration with the logins (default: as docker and podman find it)");
}

/** What the engine needs to reach the registries of a configuration. @throws UsageError */
export async function engineOptionsFor(
  { registries, logins, limits }: Pick<SyncConfig, "registries" | "logins" | "limits">,
  hosts: Iterable<string>,
  flags: ConnectionsFlags,
  { environment }: Invocation,
): Promise<EngineOptions> {
  const overlay = {
    ...(flags.plainHttp === true ? { plainHttp: true } : {}),
    ...(flags.insecureSkipTlsVerify === true ? { insecureSkipVerify: true } : {}),
    ...(flags.caFile === undefined ? {} : { caCertificate: await readCertificates(flags.caFile) }),
  };
  return {
    ...limits,
    ...(flags.jobs === undefined ? {} : { maxParallelTransfers: flags.jobs }),
    registries: Object.keys(overlay).length === 0 ? registries : overlaid(registries, hosts, overlay),
    credentials: { explicit: logins, configFile: flags.authfile },
    userAgent: `imagesync/${version()}`,
    environment,
  };
}

function overlaid(
  registries: readonly RegistryTransport[],
  hosts: Iterable<string>,
  overlay: Omit<RegistryTransport, "address">,
): RegistryTransport[] {
  const known = new Set(registries.map(({ address }) => address));
  const others = [...new Set(hosts)].filter((host) => !known.has(host));
  return [
    ...registries.map((registry) => ({ ...registry, ...overlay })),
    ...others.map((address) => ({ address, ...overlay })),
  ];
}
