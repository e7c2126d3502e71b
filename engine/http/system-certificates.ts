import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as tls from "node:tls";
import { type Environment, variable } from "../credentials/environment.ts";
import { reasonOf, unreadable } from "./certificate-error.ts";

/** Where the system's certificates are looked for. */
export interface SystemCertificatesOptions {
  readonly environment: Environment;
  /** Directory that stands for `/`. @default "/" */
  readonly systemRoot?: string | undefined;
}

/**
 * The bundle of each distribution, in the order of Go's crypto/x509: Debian and Alpine, older Fedora and RHEL, SUSE,
 * newer RHEL, and OpenSSL's own name, which Alpine and the BSDs have too.
 */
const bundles = [
  "etc/ssl/certs/ca-certificates.crt",
  "etc/pki/tls/certs/ca-bundle.crt",
  "etc/ssl/ca-bundle.pem",
  "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "etc/ssl/cert.pem",
  "usr/local/etc/ssl/cert.pem",
] as const;

/**
 * The certificates that this computer trusts, each as PEM text of its own: neither Node nor Bun look at them by
 * themselves. `SSL_CERT_FILE` stands in for the system's bundle, as in OpenSSL and Go; directories of `SSL_CERT_DIR`
 * come on top.
 * @throws `tls` when the file that SSL_CERT_FILE names cannot be read, or holds no certificate.
 */
export async function systemCertificates(options: SystemCertificatesOptions): Promise<readonly string[]> {
  const { environment } = options;
  const file = variable(environment, "SSL_CERT_FILE");
  const found = file === undefined ? await systemBundle(options.systemRoot ?? "/") : await namedFile(file);
  const directories = variable(environment, "SSL_CERT_DIR");
  for (const directory of directories?.split(process.platform === "win32" ? ";" : ":") ?? []) {
    found.push(...(await readDirectory(directory)));
  }
  return found;
}

/** The certificates in a PEM text, one by one; other parts of the text are left out. */
function splitCertificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

async function systemBundle(root: string): Promise<string[]> {
  for (const bundle of bundles) {
    // Whether it is missing or may not be read: the next distribution's place may do.
    const certificates = splitCertificates(await readFile(join(root, bundle), "utf8").catch(() => ""));
    if (certificates.length > 0) return certificates;
  }
  const elsewhere = process.platform === "win32" || process.platform === "darwin";
  return elsewhere && "getCACertificates" in tls ? tls.getCACertificates("system") : [];
}

async function namedFile(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(`${path}, named by SSL_CERT_FILE`, reasonOf(error), "Correct SSL_CERT_FILE or unset it");
  });
  const certificates = splitCertificates(text);
  if (certificates.length > 0) return certificates;
  throw unreadable(`${path}, named by SSL_CERT_FILE`, "there is none in it", "Correct SSL_CERT_FILE or unset it");
}

/** OpenSSL's rule: a directory that is missing, or files in it that hold no certificate, are passed over. */
async function readDirectory(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
  return texts.flatMap(splitCertificates);
}
