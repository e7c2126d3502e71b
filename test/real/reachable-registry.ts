import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createEngine, type Engine, parseReference, type Reference } from "../../engine/index.ts";
import { digestBySkopeo } from "../acceptance/skopeo.ts";
import { type Endpoint, fetchTree, type ImageTree, push, type TestManifest } from "../support/images/index.ts";
import {
  basicAuthorization,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
  send,
  startDockerRegistry,
  testLogin,
} from "../support/registries/index.ts";

/** A real docker-registry, and everybody who reaches it with what it wants: the engine, the witnesses. */
export interface ReachableRegistry {
  readonly host: string;
  readonly running: RunningDockerRegistry;
  /** `repository:tag` there, as the engine takes it. */
  at(text: string): Reference;
  /** Pushes an image without the engine. */
  seed(image: TestManifest, text: string): Promise<Reference>;
  /** Everything below a tag or digest, read without the engine. */
  tree(reference: Reference): Promise<ImageTree>;
  /** The digest of a tag by the word of skopeo. */
  witness(reference: Reference): Promise<string>;
  /** The tags of a repository, asked without the engine. */
  tags(repository: string): Promise<string[]>;
  /** Every file of its storage below `repositories`: the links of tags, manifests, layers, and open uploads. */
  links(): Promise<string[]>;
  /** What is left of uploads. */
  openUploads(): Promise<string[]>;
}

/** Starts one that is closed by the end of the test, or by `closeWith`, which `beforeAll` needs. */
export async function reachRegistry(
  options: DockerRegistryOptions = {},
  closeWith: (close: () => Promise<void>) => void = onTestFinished,
): Promise<ReachableRegistry> {
  const running = await startDockerRegistry(options);
  closeWith(() => running.close());
  const { host, ca } = running;
  const at = (text: string): Reference => parseReference(`${host}/${text}`);
  const endpoint = async (repository: string): Promise<Endpoint> => ({
    host,
    plainHttp: ca === undefined,
    ...(ca === undefined ? {} : { ca }),
    ...(options.auth === undefined ? {} : { headers: { authorization: await authorization(running, repository) } }),
  });
  const links = async (): Promise<string[]> => {
    const directory = join(running.storageDirectory, "docker/registry/v2/repositories");
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    return found.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).toSorted();
  };
  return {
    host,
    running,
    at,
    seed: async (image, text) => {
      const reference = at(text);
      const { repository, tag = "latest" } = reference;
      await push(image, { ...(await endpoint(repository)), repository, tag });
      return reference;
    },
    tree: async ({ repository, digest, tag = "latest" }) =>
      fetchTree(await endpoint(repository), repository, digest ?? tag),
    witness: ({ repository, digest, tag = "latest" }) =>
      digestBySkopeo(`${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`, {
        ...(ca === undefined ? {} : { ca }),
        ...(options.auth === undefined ? {} : { login: testLogin }),
      }),
    tags: async (repository) => {
      const { headers, ...transport } = await endpoint(repository);
      const answer = await send(running.url, `/v2/${repository}/tags/list`, {
        ...(headers === undefined ? {} : { headers }),
        ...(transport.ca === undefined ? {} : { ca: transport.ca.toString() }),
      });
      if (answer.status !== 200) throw new Error(`The tags of ${repository}: status ${answer.status}`);
      return ((JSON.parse(answer.text) as { tags: string[] | null }).tags ?? []).toSorted();
    },
    links,
    openUploads: async () => (await links()).filter((link) => /\/_uploads\/./.test(link)),
  };
}

/** An engine that knows how to reach registries, and nothing of what other engines did. */
export function engineFor(
  registries: readonly (Pick<ReachableRegistry, "host"> & { running?: RunningDockerRegistry })[],
): Engine {
  const engine = createEngine({
    registries: registries.map(({ host, running }) =>
      running?.ca === undefined ? { address: host, plainHttp: true } : { address: host, caCertificate: running.ca },
    ),
    credentials: {
      explicit: registries.map(({ host }) => ({
        address: host,
        credential: { kind: "basic", username: testLogin.user, password: testLogin.password },
      })),
    },
  });
  onTestFinished(() => engine.close());
  return engine;
}

async function authorization(running: RunningDockerRegistry, repository: string): Promise<string> {
  if (running.tokenServer === undefined) return basicAuthorization();
  const { realm, service } = running.tokenServer;
  const answer = await fetch(`${realm}?service=${service}&scope=repository:${repository}:pull,push,delete`, {
    headers: { authorization: basicAuthorization() },
  });
  return `Bearer ${((await answer.json()) as { token: string }).token}`;
}
