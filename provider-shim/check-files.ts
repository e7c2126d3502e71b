import { checkCertificates, checkConfigFile, type RegistryTransport } from "../engine/index.ts";
import { describeError } from "./describe-error.ts";
import { attributePath, type Diagnostic, type Diagnostics } from "./protocol/diagnostics.ts";
import type { ObjectValue } from "./protocol/value.ts";
import { blocks } from "./provider-schema.ts";
import { registryLogin } from "./registry-auth.ts";
import { registryTransport } from "./registry-block.ts";

/**
 * Reads the files and certificates of a provider block, and reports those that are of no use at their attributes: by the
 * first request it would no longer be known where they stand. What is not known yet is passed over. Of files it is a
 * warning, as what needs them may come later, when the same apply has written them.
 */
export async function checkFiles(
  config: ObjectValue,
  environment: NodeJS.ProcessEnv,
  diagnostics: Diagnostics,
): Promise<void> {
  const report = async (
    severity: Diagnostic["severity"],
    path: readonly (string | number)[],
    reading: Promise<void>,
  ): Promise<void> => {
    await reading.catch((error: unknown) => {
      const found = describeError(error, attributePath(...path));
      if (found === undefined) throw error;
      diagnostics.add({ ...found, severity });
    });
  };

  const file = config["config_file"];
  if (typeof file === "string") await report("warning", ["config_file"], checkConfigFile(file, environment));
  for (const [position, block] of blocks(config, "registry_auth").entries()) {
    const credential = registryLogin(block, environment)?.credential;
    if (credential?.kind !== "docker-config" || credential.file === undefined) continue;
    const path = ["registry_auth", position, "config_file"];
    await report("warning", path, checkConfigFile(credential.file, environment));
  }
  for (const [position, block] of blocks(config, "registry").entries()) {
    const transport = registryTransport(block);
    if (transport === undefined || transport.plainHttp === true) continue;
    for (const [attribute, severity, part] of certificatesOf(transport)) {
      await report(severity, ["registry", position, attribute], checkCertificates(part, environment));
    }
  }
}

/** Each part of a transport that can be wrong by itself, with the attribute to blame. */
function certificatesOf({
  address,
  caCertificate,
  caCertificateFile,
  clientCertificate,
  clientKey,
}: RegistryTransport): readonly (readonly [string, Diagnostic["severity"], Partial<RegistryTransport>])[] {
  return [
    ["ca_certificate", "error", { address, caCertificate }],
    ["ca_certificate_file", "warning", { address, caCertificateFile }],
    ["client_certificate", "error", { address, clientCertificate, clientKey }],
  ];
}
