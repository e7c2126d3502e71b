import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { invoke, type Outcome } from "../cli/invoke.ts";
import { buildImage, exchange, push, type TestManifest } from "../support/images/index.ts";
import { basicAuthorization, makeCertificates } from "../support/registries/index.ts";
import { nameHosts } from "../support/registries/named-hosts.ts";

/** A registry by the name that users know, and what it is made of. */
export type Hosts = Readonly<Record<string, RegistryOptions>>;

/** Registries under the names that files have, so that these run as they are documented, to the letter. */
export interface World {
  /** What a program needs to find them. */
  readonly environment: Record<string, string>;
  /** A path in the directory of the test. */
  file(name: string): string;
  write(name: string, ...lines: readonly string[]): Promise<string>;
  registry(name: string): RunningRegistry;
  /** Pushes an image, another one for each seed, under `host/repository:tag`; its digest. */
  push(reference: string, image?: string | TestManifest): Promise<string>;
  /** What `host/repository:tag` holds; undefined when there is no such tag. */
  digest(reference: string): Promise<string | undefined>;
  /** The tags of `host/repository`, in alphabetical order. */
  tags(repository: string): Promise<string[]>;
  /** Methods of the requests that a registry has got and that may change something. */
  writes(name: string): string[];
  /** Runs a command line in this process. */
  run(commandLine: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Outcome>;
}

type PushTarget = Parameters<typeof push>[1];

/** What the first of its users is let in by. */
function loginTo({ auth }: RegistryOptions = {}): Record<string, string> {
  const [login] = auth?.kind === "basic" ? Object.entries(auth.users) : [];
  if (login === undefined) return {};
  return { authorization: basicAuthorization({ user: login[0], password: login[1] }) };
}

const made = new Map<string, ReturnType<typeof makeCertificates>>();

/** Made once for a set of names: it takes longer than many a test. */
async function certificatesFor(names: readonly string[]): ReturnType<typeof makeCertificates> {
  const key = names.join(" ");
  const certificates = made.get(key) ?? makeCertificates(...names);
  made.set(key, certificates);
  return await certificates;
}

/** Docker Hub answers under another name than its images have. */
const hub = "registry-1.docker.io";

/**
 * Opens a world that ends with the test.
 * @param others names of servers that are there already, to their addresses: registries of another make, and clouds
 */
export async function openWorld(hosts: Hosts, others: Readonly<Record<string, string>> = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-golden-"));
  const registries = new Map<string, RunningRegistry>();
  for (const [name, options] of Object.entries(hosts)) registries.set(name, await startRegistry(options));
  const addresses = new Map(Object.entries(others));
  for (const [name, { host }] of registries) addresses.set(name === "docker.io" ? hub : name, host);
  const certificates = await certificatesFor([...addresses.keys()]);
  const proxy = await nameHosts(addresses, certificates);
  const ca = join(directory, "ca.crt");
  await writeFile(ca, certificates.ca);
  onTestFinished(async () => {
    await proxy.close();
    for (const registry of registries.values()) await registry.close();
    await rm(directory, { recursive: true });
    if (proxy.strangers.length > 0) throw new Error(`Somebody else was asked: ${proxy.strangers.join(", ")}`);
  });
  const environment = {
    HTTPS_PROXY: `http://${proxy.host}`,
    SSL_CERT_FILE: ca,
    HOME: directory,
    // This machine is at no cloud, whatever names its registries have here.
    METADATA_SERVER_DETECTION: "none",
  };

  const registry = (name: string): RunningRegistry => {
    const found = registries.get(name);
    if (found === undefined) throw new Error(`There is no registry ${name} here`);
    return found;
  };
  const place = (reference: string): PushTarget & { tag: string } => {
    const [, name = "", repository = "", tag = ""] = /^([^/]+)\/(.+?)(?::([^/:]+))?$/.exec(reference) ?? [];
    const host = addresses.get(name === "docker.io" ? hub : name) ?? registry(name).host;
    return { host, headers: loginTo(hosts[name]), repository, tag };
  };
  return {
    environment,
    registry,
    file: (name) => join(directory, name),
    async write(name, ...lines) {
      const file = join(directory, name);
      await writeFile(file, `${lines.join("\n")}\n`);
      return file;
    },
    async push(reference, image = reference) {
      const built = typeof image === "string" ? buildImage({ seed: image, layers: [500, 2000] }) : image;
      await push(built, place(reference));
      return built.digest;
    },
    async digest(reference) {
      const { repository, tag, ...endpoint } = place(reference);
      const target = `/v2/${repository}/manifests/${tag}`;
      const { status, headers } = await exchange(endpoint, { method: "HEAD", target, headers: { accept: "*/*" } });
      return status === 200 ? String(headers["docker-content-digest"]) : undefined;
    },
    async tags(repository) {
      const { repository: name, ...endpoint } = place(repository);
      const { status, body } = await exchange(endpoint, { method: "GET", target: `/v2/${name}/tags/list` });
      return status === 200 ? (JSON.parse(body.toString()) as { tags: string[] }).tags.sort() : [];
    },
    writes: (name) => registry(name).requests.flatMap(({ method }) => (/^(?:GET|HEAD)$/.test(method) ? [] : [method])),
    run: (commandLine, more = {}) => invoke(commandLine, { environment: { ...environment, ...more } }),
  };
}
