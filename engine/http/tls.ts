import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as tls from "node:tls";
import { type Environment, homeDirectory } from "../credentials/environment.ts";
import { ImagesyncError } from "../errors.ts";
import { reasonOf, unreadable } from "./certificate-error.ts";
import { type CertsDOptions, hostCertificates } from "./certs-d.ts";
import type { RegistryTransport } from "./transport.ts";
import type { TrustStore } from "./trust-store.ts";

/** What `tls.connect` gets for a registry. */
export interface TlsSettings {
  readonly rejectUnauthorized?: boolean;
  readonly secureContext?: tls.SecureContext;
}

/** The part of a transport that is about certificates. */
export type TlsTransport = Pick<
  Partial<RegistryTransport>,
  "address" | "insecureSkipVerify" | "caCertificate" | "caCertificateFile" | "clientCertificate" | "clientKey"
>;

interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface TlsOptions extends CertsDOptions {
  readonly trustStore: TrustStore;
  /** Names of the registry below `certs.d`. */
  readonly hosts: readonly string[];
  /** False for other hosts that the registry points to: they are not shown who we are. */
  readonly showsClient: boolean;
}

/**
 * The TLS settings for a transport. Its certificates, and those in `certs.d`, are trusted besides those of the trust
 * store; its own client certificate goes before the one in `certs.d`.
 * @throws `tls` when a certificate can't be read, naming the place but not the content.
 */
export async function tlsSettings(transport: TlsTransport, options: TlsOptions): Promise<TlsSettings> {
  const verification = transport.insecureSkipVerify === true ? { rejectUnauthorized: false } : {};
  const beside = await hostCertificates(options.hosts, options);
  const authorities = [...beside.authorities, ...(await configuredAuthorities(transport, options.environment))];
  const client = options.showsClient ? (configuredClient(transport) ?? beside.client) : undefined;
  if (authorities.length === 0 && client === undefined) {
    const secureContext = await options.trustStore.context();
    return secureContext === undefined ? verification : { ...verification, secureContext };
  }
  const trusted = await options.trustStore.authorities();
  const registry = transport.address ?? options.hosts[0] ?? "a registry";
  return { ...verification, secureContext: secureContextOf(registry, authorities, client, trusted) };
}

/**
 * Reads what a transport itself gives of certificates, before anything is asked of its registry.
 * @throws `tls` when it can't be used, naming the place but not the content.
 */
export async function checkCertificates(transport: TlsTransport, environment: Environment): Promise<void> {
  const authorities = await configuredAuthorities(transport, environment);
  secureContextOf(transport.address ?? "a registry", authorities, configuredClient(transport), []);
}

function secureContextOf(
  registry: string,
  authorities: readonly string[],
  client: ClientCertificate | undefined,
  trusted: readonly string[],
): tls.SecureContext {
  try {
    // createSecureContext passes over text that is no certificate, and the connection would fail without a reason.
    for (const pem of authorities) assertCertificate(pem);
    return tls.createSecureContext({
      ca: [...trusted, ...authorities],
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    });
  } catch (error) {
    throw new ImagesyncError({
      code: "tls",
      operation: "read certificates",
      message: `Cannot use the certificates configured for ${registry}: ${reasonOf(error)}`,
      hint: "Certificates and keys are given in PEM form, and the key must belong to the certificate",
    });
  }
}

/** @throws when the text does not begin with a readable certificate. */
function assertCertificate(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

async function configuredAuthorities(transport: TlsTransport, environment: Environment): Promise<readonly string[]> {
  const { caCertificate, caCertificateFile } = transport;
  const texts = caCertificate === undefined ? [] : [caCertificate];
  if (caCertificateFile === undefined) return texts;
  const home = homeDirectory(environment);
  const inHome = caCertificateFile.startsWith("~/") && home !== undefined;
  const path = inHome ? join(home, caCertificateFile.slice(2)) : caCertificateFile;
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const hint = "Correct ca_certificate_file (--ca-file), or give the certificate itself as ca_certificate";
    throw unreadable(`${path}, configured for ${transport.address ?? "a registry"}`, reasonOf(error), hint);
  });
  return [...texts, text];
}

function configuredClient({ clientCertificate, clientKey }: TlsTransport): ClientCertificate | undefined {
  if (clientCertificate === undefined || clientKey === undefined) return undefined;
  return { certificate: clientCertificate, key: clientKey };
}
