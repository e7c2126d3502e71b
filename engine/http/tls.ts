import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import * as tls from "node:tls";
import { type Environment, variable } from "../credentials/environment.ts";
import { ImagesyncError } from "../errors.ts";
import type { RegistryTransport } from "./transport.ts";

/** What `tls.connect` gets for a registry. */
export interface TlsSettings {
  readonly rejectUnauthorized?: boolean;
  readonly secureContext?: tls.SecureContext;
}

/**
 * The TLS settings for a transport. Certificates of the transport, of the file `SSL_CERT_FILE` and of the directory
 * `SSL_CERT_DIR` are trusted besides the well-known ones. Without any of them Node's own store is used, which costs
 * nothing; with them one context is made and shared by all connections.
 * @throws `tls` when a certificate can't be read, naming the place but not the content.
 */
export async function tlsSettings(
  transport: Partial<RegistryTransport>,
  environment: Environment,
): Promise<TlsSettings> {
  const verification = transport.insecureSkipVerify === true ? { rejectUnauthorized: false } : {};
  const extra = await extraCertificates(transport, environment);
  if (extra.length === 0 && transport.clientCertificate === undefined) return verification;
  try {
    // createSecureContext passes over text that is no certificate, and the connection would fail without a reason.
    for (const pem of extra) assertCertificate(pem);
    const secureContext = tls.createSecureContext({
      ...(extra.length === 0 ? {} : { ca: [...defaultCertificates(), ...extra] }),
      ...(transport.clientCertificate === undefined
        ? {}
        : { cert: transport.clientCertificate, key: transport.clientKey }),
    });
    return { ...verification, secureContext };
  } catch (error) {
    throw new ImagesyncError({
      code: "tls",
      operation: "read certificates",
      message: `Cannot use the certificates configured for ${transport.address ?? "a registry"}: ${reason(error)}`,
      hint: "Certificates and keys are given as PEM text, and the key must belong to the certificate",
    });
  }
}

/** @throws when the text does not begin with a readable certificate. */
function assertCertificate(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

/** Node since 22.15 can tell its whole default store, with the system's where that is switched on. */
function defaultCertificates(): readonly string[] {
  return "getCACertificates" in tls ? tls.getCACertificates("default") : rootCertificates;
}

async function extraCertificates(
  transport: Partial<RegistryTransport>,
  environment: Environment,
): Promise<readonly string[]> {
  const extra: string[] = [];
  if (transport.caCertificate !== undefined) extra.push(transport.caCertificate);
  const file = variable(environment, "SSL_CERT_FILE");
  if (file !== undefined) extra.push(await readCertificates(file, "SSL_CERT_FILE"));
  const directories = variable(environment, "SSL_CERT_DIR");
  for (const directory of directories?.split(process.platform === "win32" ? ";" : ":") ?? []) {
    extra.push(...(await readDirectory(directory)));
  }
  return extra;
}

async function readCertificates(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ImagesyncError({
      code: "tls",
      operation: "read certificates",
      message: `Cannot read the certificates in ${path}, named by ${name}: ${reason(error)}`,
      hint: `Correct ${name} or unset it`,
    });
  }
}

/** OpenSSL's rule: a directory that is missing, or files in it that hold no certificate, are passed over. */
async function readDirectory(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
  return texts.filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
}

function reason(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "they cannot be read";
}
