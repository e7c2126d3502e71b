import type { Command } from "commander";
import type { EngineOptions, RegistryTransport } from "../../engine/index.ts";
import type { SyncConfig } from "../config/sync-config.ts";
import { parseCount } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import {
  checkProxies,
  engineOptionsOf,
  throughTransport,
  type TransportFlags,
  vendorOf,
  withTransport,
} from "../transport-flags.ts";

/** How all registries of a run are reached, as flags: they add to what the configuration says of each, and win. */
export interface ConnectionsFlags extends TransportFlags {
  readonly plainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly srcVendor?: string;
  readonly destVendor?: string;
  readonly jobs?: number;
}

/** The registries of a run, by what they are to it; one can be both. */
export interface Hosts {
  readonly sources: ReadonlySet<string>;
  readonly destinations: ReadonlySet<string>;
}

/** Adds those flags to a command that works at many registries. */
export function withConnections(command: Command): Command {
  return withTransport(
    command
      .option("-j, --jobs <number>", "blobs that move at the same time (default: 30)", parseCount)
      .option("--plain-http", "speak HTTP without encryption to all registries")
      .option("--insecure-skip-tls-verify", "accept any certificate of all registries")
      .option("--src-vendor <family>", "which family the registries of sources are of: harbor, ecr, quay, …")
      .option("--dest-vendor <family>", "which family those of destinations are of"),
  );
}

/** What the engine needs to reach the registries of a configuration. @throws UsageError */
export async function engineOptionsFor(
  { registries, logins, limits }: Pick<SyncConfig, "registries" | "logins" | "limits">,
  hosts: Hosts,
  flags: ConnectionsFlags,
  invocation: Invocation,
): Promise<EngineOptions> {
  const all = overlaid(registries, hosts, await overlaysOf(flags));
  const own = new Map(all.map((registry) => [registry.address, registry]));
  const asked = [...new Set([...hosts.sources, ...hosts.destinations])];
  await checkProxies(
    flags,
    asked.map((address) => own.get(address) ?? { address }),
    invocation.environment,
  );
  return {
    ...limits,
    ...(await engineOptionsOf(flags, all, logins, invocation)),
    ...(flags.jobs === undefined ? {} : { maxParallelTransfers: flags.jobs }),
  };
}

type Overlay = Partial<Omit<RegistryTransport, "address">>;

/** What flags say of all registries, and of those that are read from and written to. */
interface Overlays {
  readonly all: Overlay;
  readonly sources: Overlay;
  readonly destinations: Overlay;
}

async function overlaysOf(flags: ConnectionsFlags): Promise<Overlays> {
  const { mirrors, ...through } = await throughTransport(flags);
  return {
    all: {
      ...(flags.plainHttp === true ? { plainHttp: true } : {}),
      ...(flags.insecureSkipTlsVerify === true ? { insecureSkipVerify: true } : {}),
      ...through,
    },
    sources: {
      ...(mirrors === undefined ? {} : { mirrors }),
      ...(await vendorOf("--src-vendor", flags.srcVendor)),
    },
    destinations: await vendorOf("--dest-vendor", flags.destVendor),
  };
}

function overlaid(
  registries: readonly RegistryTransport[],
  { sources, destinations }: Hosts,
  overlays: Overlays,
): RegistryTransport[] {
  const over = (address: string): Overlay => ({
    ...overlays.all,
    ...(sources.has(address) ? overlays.sources : {}),
    ...(destinations.has(address) ? overlays.destinations : {}),
  });
  const known = new Set(registries.map(({ address }) => address));
  const others = [...new Set([...sources, ...destinations])].filter((host) => !known.has(host));
  return [
    ...registries.map((registry) => ({ ...registry, ...over(registry.address) })),
    ...others.map((address) => ({ address, ...over(address) })).filter((one) => Object.keys(one).length > 1),
  ];
}
