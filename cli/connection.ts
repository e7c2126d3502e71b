import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { EngineOptions, ExplicitCredential, Reference } from "../engine/index.ts";
import { version } from "../version.ts";
import { parseLogin, parseSwitch } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import {
  checkProxies,
  limitsOf,
  throughTransport,
  type TransportFlags,
  vendorOf,
  withTransport,
} from "./transport-flags.ts";
import { UsageError } from "./usage-error.ts";

/** How one registry is reached, as flags. */
export interface ConnectionFlags extends TransportFlags {
  readonly plainHttp?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsVerify?: boolean;
  readonly caFile?: string;
  readonly authfile?: string;
  readonly creds?: string;
  readonly vendor?: string;
}

/** Adds those flags to a command that works at one registry. */
export function withConnection(command: Command): Command {
  return withTransport(
    command
      .option("--plain-http", "speak HTTP without encryption")
      .option("--ca-file <file>", "trust the certificates in this PEM file too")
      .option("--insecure-skip-tls-verify", "accept any certificate")
      .option("--tls-verify [boolean]", "false is the same, as in skopeo", parseSwitch)
      .option("--authfile <file>", "docker configuration with the logins (default: as docker and podman find it)")
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
  { environment }: Invocation,
): Promise<EngineOptions> {
  const { isLayoutKind } = await import("../engine/index.ts");
  const transport = {
    address: reference.registry,
    plainHttp: flags.plainHttp,
    insecureSkipVerify: isInsecure(flags.insecureSkipTlsVerify, flags.tlsVerify),
    caCertificate: flags.caFile === undefined ? undefined : await readCertificates(flags.caFile),
    ...throughTransport(flags),
    ...(await vendorOf("--vendor", flags.vendor)),
  };
  const registries = isLayoutKind(reference.registry) ? [] : [transport];
  await checkProxies(flags, registries, environment);
  return {
    registries,
    credentials: { explicit: loginFor(reference, "--creds", flags.creds), configFile: flags.authfile },
    userAgent: `imagesync/${version()}`,
    environment,
    ...(await limitsOf(flags)),
  };
}

/** Whether any certificate is accepted, in the two ways in which that is said. */
export function isInsecure(skip: boolean | undefined, ...verify: readonly (boolean | undefined)[]): boolean {
  return skip === true || verify.includes(false);
}

/** PEM text from a file. @throws UsageError */
export async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new UsageError(
      `Cannot read the certificates in "${file}"`,
      "Give --ca-file a readable file with certificates as PEM text",
    );
  }
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
