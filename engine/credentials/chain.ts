import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { type AddressPrefix, longestPrefix, parseAddressPrefix } from "./address-prefix.ts";
import { type ConfigFileOptions, loadConfigFiles } from "./config-files.ts";
import type { Credential, FoundCredential } from "./credential.ts";
import type { DockerConfig } from "./docker-config.ts";

/** A login the user gave for an address, before any file is asked. */
export interface ExplicitCredential {
  /** `host[:port]`, optionally with a path: the longest address that covers a repository wins. */
  readonly address: string;
  /** `{ kind: "anonymous" }` disables authentication: no file is asked for this address. */
  readonly credential: Credential;
}

export interface CredentialChainOptions extends ConfigFileOptions {
  readonly explicit?: readonly ExplicitCredential[] | undefined;
}

/** Where logins come from, asked in a fixed order; the first hit wins. */
export interface CredentialChain {
  /**
   * The login for a repository of a registry (canonical names); `anonymous` only if no source has one.
   * @throws `credentials` when a source has a login that can't be used: a broken hit never slides to anonymous.
   */
  find(registry: string, repository: string, signal?: AbortSignal): Promise<FoundCredential>;
}

/**
 * Asks, in this order: explicit logins, the given configuration (content, then file), else what the environment names.
 * Files are read once, at the first request that needs them; after a failure they are read again.
 * @throws `config` for an explicit address without a host.
 */
export function createCredentialChain(options: CredentialChainOptions): CredentialChain {
  const explicit = (options.explicit ?? []).map((entry) => ({ prefix: explicitPrefix(entry.address), ...entry }));
  let loading: Promise<readonly DockerConfig[]> | undefined;
  const configs = (): Promise<readonly DockerConfig[]> => {
    loading ??= loadConfigFiles(options).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  return {
    find: async (registry, repository, signal) => {
      signal?.throwIfAborted();
      const given = longestPrefix(explicit, registry, repository);
      if (given !== undefined) {
        return { credential: given.credential, origin: `the login configured for "${given.address}"` };
      }
      for (const config of await configs()) {
        const found = config.find(registry, repository);
        if (found !== undefined) return found;
      }
      return { credential: { kind: "anonymous" }, origin: "no login found" };
    },
  };
}

function explicitPrefix(address: string): AddressPrefix {
  const prefix = parseAddressPrefix(address);
  if (prefix !== undefined) return prefix;
  throw new ImagesyncError({
    code: "config",
    operation: "read the registry logins",
    message: `Invalid registry address ${quote(address)}: there is no host in it`,
    hint: "Write it as host, host:port or host/namespace, for example ghcr.io/acme",
  });
}
