import type { Command } from "commander";
import type { EngineOptions, ExplicitCredential, Reference } from "../engine/index.ts";
import { parseLogin, parseSwitch } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import {
  checkProxies,
  engineOptionsOf,
  throughTransport,
  type TransportFlags,
  vendorOf,
  withTransport,
} from "./transport-flags.ts";

/** How one registry is reached, as flags. */
export interface ConnectionFlags extends TransportFlags {
  readonly plainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsVerify?: boolean;
  readonly creds?: string;
  readonly vendor?: string;
}

/** Adds those flags to a command that works at one registry. */
export function withConnection(command: Command): Command {
  return withTransport(
    command
      .option("--plain-http", "speak HTTP without encryption")
      .option("--insecure-skip-tls-verify", "accept any certificate")
      .option("--tls-verify [boolean]", "false is the same, as in skopeo", parseSwitch)
      .option("--creds <user:password>", "login for the registry")
      .option(
        "--vendor <family>",
        "which family of registry it is, where its name does not tell: harbor, ecr, quay, …",
      ),
  );
}

/** What the engine needs to reach the registry of a reference. @throws UsageError */
export async function engineOptions(
  reference: Reference,
  flags: ConnectionFlags,
  invocation: Invocation,
): Promise<EngineOptions> {
  const { isLayoutKind } = await import("../engine/index.ts");
  const transport = {
    address: reference.registry,
    plainHttp: flags.plainHttp,
    insecureSkipVerify: isInsecure(flags.insecureSkipTlsVerify, flags.tlsVerify),
    ...(await throughTransport(flags)),
    ...(await vendorOf("--vendor", flags.vendor)),
  };
  const registries = isLayoutKind(reference.registry) ? [] : [transport];
  await checkProxies(flags, registries, invocation.environment);
  return await engineOptionsOf(flags, registries, loginFor(reference, "--creds", flags.creds), invocation);
}

/** Whether any certificate is accepted, in the two ways in which that is said. */
export function isInsecure(skip: boolean | undefined, ...verify: readonly (boolean | undefined)[]): boolean {
  return skip === true || verify.includes(false);
}

/** A login is for its own repository, so that two accounts on one registry work. @throws UsageError */
export function loginFor(
  { registry, repository }: Reference,
  flag: string,
  text: string | undefined,
): ExplicitCredential[] {
  if (text === undefined) return [];
  return [{ address: `${registry}/${repository}`, credential: { kind: "basic", ...parseLogin(text, flag) } }];
}
