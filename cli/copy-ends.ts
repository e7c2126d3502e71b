import type { Command } from "commander";
import type { EngineOptions, Reference, RegistryTransport } from "../engine/index.ts";
import { isInsecure, loginFor } from "./connection.ts";
import { parseCount, parseSwitch } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import {
  checkProxies,
  engineOptionsOf,
  throughTransport,
  type TransportFlags,
  vendorOf,
  withTransport,
} from "./transport-flags.ts";

/** How source and destination are reached, as flags. */
export interface EndsFlags extends TransportFlags {
  readonly plainHttp?: boolean;
  readonly srcPlainHttp?: boolean;
  readonly destPlainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly srcTlsVerify?: boolean;
  readonly destTlsVerify?: boolean;
  readonly srcCreds?: string;
  readonly destCreds?: string;
  readonly srcVendor?: string;
  readonly destVendor?: string;
  readonly jobs?: number;
}

/** Adds those flags to a command that copies from one registry to another. */
export function withEnds(command: Command): Command {
  return withTransport(
    command
      .option("--plain-http", "speak HTTP without encryption to both registries")
      .option("--src-plain-http", "speak it to the source's registry only")
      .option("--dest-plain-http", "speak it to the destination's registry only")
      .option("--insecure-skip-tls-verify", "accept any certificate of both registries")
      .option("--src-tls-verify [boolean]", "false accepts any of the source's registry only", parseSwitch)
      .option("--dest-tls-verify [boolean]", "false accepts any of the destination's registry only", parseSwitch)
      .option("--src-creds <user:password>", "login for the source")
      .option("--dest-creds <user:password>", "login for the destination")
      .option("--src-vendor <family>", "which family the source's registry is of: harbor, ecr, quay, …")
      .option("--dest-vendor <family>", "which family the destination's registry is of")
      .option("-j, --jobs <number>", "blobs that move at the same time (default: 30)", parseCount),
  );
}

/** What the engine needs to reach both. @throws UsageError */
export async function engineOptionsForEnds(
  source: Reference,
  destination: Reference,
  flags: EndsFlags,
  invocation: Invocation,
): Promise<EngineOptions> {
  const registries = await transports(source, destination, flags);
  await checkProxies(flags, registries, invocation.environment);
  const logins = [
    ...loginFor(source, "--src-creds", flags.srcCreds),
    ...loginFor(destination, "--dest-creds", flags.destCreds),
  ];
  return {
    ...(await engineOptionsOf(flags, registries, logins, invocation)),
    ...(flags.jobs === undefined ? {} : { maxParallelTransfers: flags.jobs }),
  };
}

/** Each registry is configured once, also when it is source and destination; a layout needs no registry. */
async function transports(source: Reference, destination: Reference, flags: EndsFlags): Promise<RegistryTransport[]> {
  const { isLayoutKind } = await import("../engine/index.ts");
  const through = await throughTransport(flags);
  const found = new Map<string, RegistryTransport>();
  const ends = [
    {
      address: source.registry,
      isPlain: flags.srcPlainHttp,
      verify: flags.srcTlsVerify,
      own: await vendorOf("--src-vendor", flags.srcVendor),
    },
    {
      address: destination.registry,
      isPlain: flags.destPlainHttp,
      verify: flags.destTlsVerify,
      own: await vendorOf("--dest-vendor", flags.destVendor),
    },
  ];
  for (const { address, isPlain, verify, own } of ends) {
    if (isLayoutKind(address)) continue;
    const before = found.get(address);
    found.set(address, {
      ...through,
      ...before,
      ...own,
      address,
      plainHttp: flags.plainHttp === true || isPlain === true || before?.plainHttp === true,
      insecureSkipVerify: isInsecure(flags.insecureSkipTlsVerify, verify) || before?.insecureSkipVerify === true,
    });
  }
  return [...found.values()];
}
