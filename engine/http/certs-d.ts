import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Environment, homeDirectory } from "../credentials/environment.ts";
import { reasonOf, unreadable } from "./certificate-error.ts";

/** What a `certs.d` directory has for one registry, as PEM texts. */
export interface HostCertificates {
  readonly authorities: readonly string[];
  readonly client?: { readonly certificate: string; readonly key: string } | undefined;
}

export interface CertsDOptions {
  readonly environment: Environment;
  /** Directory that stands for `/`. @default "/" */
  readonly systemRoot?: string | undefined;
}

/**
 * The certificates that docker and podman use for a registry: of the directories `certs.d/HOST[:PORT]` the first one
 * that exists counts, the user's before the system's and podman's before docker's. `*.crt` are authorities, `*.cert`
 * with the `*.key` of the same name is what we show; of several pairs the first by name.
 * `hosts` are the names that the registry goes by.
 * @throws `tls` for a half pair and for files that cannot be read.
 * @see https://docs.docker.com/engine/security/certificates/
 * @see https://github.com/containers/image/blob/main/docs/containers-certs.d.5.md
 */
export async function hostCertificates(hosts: readonly string[], options: CertsDOptions): Promise<HostCertificates> {
  for (const place of places(options)) {
    for (const host of hosts) {
      const directory = join(place, host);
      // What is missing, or closed to this user, is passed over, as docker and podman do.
      const names = await readdir(directory).catch(() => undefined);
      if (names !== undefined) return await readCertificates(directory, names.toSorted());
    }
  }
  return { authorities: [] };
}

function places({ environment, systemRoot = "/" }: CertsDOptions): readonly string[] {
  const home = homeDirectory(environment);
  const own = home === undefined ? [] : [".config/containers/certs.d", ".config/docker/certs.d"];
  return [
    ...own.map((path) => join(home ?? "", path)),
    join(systemRoot, "etc/containers/certs.d"),
    join(systemRoot, "etc/docker/certs.d"),
  ];
}

async function readCertificates(directory: string, names: readonly string[]): Promise<HostCertificates> {
  const has = new Set(names);
  for (const name of names) {
    const partner = partnerOf(name);
    if (partner === undefined || has.has(partner)) continue;
    throw unreadable(directory, `${name} has no ${partner} beside it`, `Add ${partner}, or remove ${name}`);
  }
  const authorities = names.filter((name) => name.endsWith(".crt")).map((name) => read(directory, name));
  const certificate = names.find((name) => name.endsWith(".cert"));
  const key = certificate === undefined ? undefined : partnerOf(certificate);
  return {
    authorities: await Promise.all(authorities),
    client:
      certificate === undefined || key === undefined
        ? undefined
        : { certificate: await read(directory, certificate), key: await read(directory, key) },
  };
}

function partnerOf(name: string): string | undefined {
  if (name.endsWith(".cert")) return name.replace(/\.cert$/, ".key");
  return name.endsWith(".key") ? name.replace(/\.key$/, ".cert") : undefined;
}

async function read(directory: string, name: string): Promise<string> {
  return await readFile(join(directory, name), "utf8").catch((error: unknown) => {
    throw unreadable(join(directory, name), reasonOf(error), "Let this user read the file, or remove it");
  });
}
