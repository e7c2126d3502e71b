import { longestPrefix } from "./address-prefix.ts";
import { CloudLogins, type CloudLoginsOptions } from "./cloud-logins.ts";
import { type ConfigFileOptions, loadConfigFile, loadConfigFiles } from "./config-files.ts";
import type { Credential, FoundCredential } from "./credential.ts";
import { type DockerConfig, parseDockerConfig, serverKey } from "./docker-config.ts";
import type { Environment } from "./environment.ts";
import { type ExplicitCredential, explicitPrefix, noLoginThere } from "./explicit-credential.ts";
import { HelperLogins } from "./helper-logins.ts";

export type { ExplicitCredential } from "./explicit-credential.ts";

export interface CredentialChainOptions extends ConfigFileOptions {
  readonly explicit?: readonly ExplicitCredential[] | undefined;
  /** How long a credential helper may take. @default 15 seconds */
  readonly helperTimeoutMs?: number | undefined;
  /** How clouds are asked for the logins of their machines. @default straight, without proxy and retries */
  readonly clouds?: Omit<CloudLoginsOptions, "environment"> | undefined;
}

/** Where logins come from, asked in a fixed order; the first hit wins. */
export interface CredentialChain {
  /**
   * The login for a repository of a registry (canonical names); `anonymous` only if no source has one.
   * @throws `credentials` when a source has a login that can't be used: a broken hit never slides to anonymous.
   */
  find(registry: string, repository: string, signal?: AbortSignal): Promise<FoundCredential>;
  /**
   * Where that login comes from, never what it is: `docker config /home/x/config.json ("ghcr.io")`,
   * `credential helper ecr-login (…)`, `anonymous`.
   * @throws as `find`.
   */
  describe(registry: string, repository: string, signal?: AbortSignal): Promise<string>;
  /**
   * Forgets a login that its registry has refused, if a credential helper or a cloud has given it: such logins expire,
   * sometimes sooner than they say. True if it is worth asking once more; what was written down by somebody stays.
   */
  forget(refused: Credential): boolean;
}

/**
 * Asks, in this order: explicit logins, the given configuration (content, then file), else what the environment names;
 * last, for a cloud's own registries, what the cloud gives to this machine or user.
 * Files are read once, at the first request that needs them; after a failure they are read again.
 * @throws `config` for an explicit address without a host.
 */
export function createCredentialChain(options: CredentialChainOptions): CredentialChain {
  const { environment, helperTimeoutMs } = options;
  const clouds = new CloudLogins({ ...options.clouds, environment });
  const helpers = new HelperLogins({ environment, timeoutMs: helperTimeoutMs });
  const explicit = (options.explicit ?? []).map((entry) => ({
    prefix: explicitPrefix(entry.address),
    find: explicitFinder(entry, environment, helpers),
  }));
  const configs = once(() => loadConfigFiles(options));

  const find: CredentialChain["find"] = async (registry, repository, signal) => {
    signal?.throwIfAborted();
    const given = longestPrefix(explicit, registry, repository);
    if (given !== undefined) return await given.find(registry, repository, signal);
    for (const config of await configs()) {
      const found = await findIn(config, helpers, registry, repository, signal);
      if (found !== undefined) return found;
    }
    return (await clouds.find(registry, signal)) ?? { credential: { kind: "anonymous" }, origin: nobody };
  };

  return {
    find,
    forget: (refused) => helpers.forget(refused) || clouds.forget(refused),
    describe: async (registry, repository, signal) => {
      const { credential, origin } = await find(registry, repository, signal);
      return credential.kind === "anonymous" && origin !== nobody ? `anonymous, by ${origin}` : origin;
    },
  };
}

/** The origin of having no login because no source has one. */
const nobody = "anonymous";

/** Asks what one explicit entry names. */
function explicitFinder(
  entry: ExplicitCredential,
  environment: Environment,
  helpers: HelperLogins,
): CredentialChain["find"] {
  const { credential, address, origin = `the login configured for "${address}"` } = entry;
  if (credential.kind === "helper") {
    return async (registry, _repository, signal) => {
      const found = await helpers.get(credential.name, serverKey(registry), signal);
      const from = `credential helper ${credential.name} (${origin})`;
      if (found === undefined) throw noLoginThere(registry, from);
      return { credential: found, origin: from };
    };
  }
  if (credential.kind === "docker-config") {
    const { content, file } = credential;
    const configs = once(async () => [
      ...(content === undefined ? [] : [parseDockerConfig(content, `the docker config of ${origin}`)]),
      ...(file === undefined ? [] : [await loadConfigFile(file, environment)]),
    ]);
    return async (registry, repository, signal) => {
      const asked = await configs();
      for (const config of asked) {
        const found = await findIn(config, helpers, registry, repository, signal);
        if (found !== undefined) return found;
      }
      throw noLoginThere(registry, asked.map((config) => config.origin).join(" or "));
    };
  }
  return () => Promise.resolve({ credential, origin });
}

/** The first login among those that a configuration leads to. */
async function findIn(
  config: DockerConfig,
  helpers: HelperLogins,
  registry: string,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<FoundCredential | undefined> {
  for (const candidate of config.candidates(registry, repository)) {
    if (candidate.kind === "login") return { credential: candidate.credential, origin: candidate.origin };
    const credential = await helpers.get(candidate.name, candidate.server, signal);
    if (credential !== undefined) return { credential, origin: candidate.origin };
  }
  return undefined;
}

/** Makes a value at the first call; a failure is forgotten, so that the next call tries again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
