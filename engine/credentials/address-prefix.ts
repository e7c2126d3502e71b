import { parseReference } from "../oci/reference.ts";

/** What a login is for: a registry, or only the repositories below a path of it. */
export interface AddressPrefix {
  /** Canonical `host[:port]`; Docker Hub is `docker.io` in all its spellings. */
  readonly registry: string;
  /** Leading components of the repository, empty for the whole registry. */
  readonly path: string;
}

/**
 * Reads an address in any spelling that configuration files contain: `host`, `host:port`, `https://host/`,
 * `https://host/v1/` (what docker writes for the Hub), `host/namespace/repository`. Undefined when there is no host in it.
 */
export function parseAddressPrefix(text: string): AddressPrefix | undefined {
  const address = text.trim().replace(/^https?:\/\//i, "");
  const slash = address.indexOf("/");
  const host = (slash < 0 ? address : address.slice(0, slash)).toLowerCase();
  if (host === "" || /[\s@?#]/.test(host)) return undefined;
  const path = (slash < 0 ? "" : address.slice(slash + 1)).replace(/^\/+|\/+$/g, "");
  return { registry: canonicalHost(host), path: /^v[12]$/.test(path) ? "" : path };
}

/** True when the login is for this repository: a prefix ends at a slash, `acme` is not for `acme2/app`. */
function coversRepository(prefix: AddressPrefix, registry: string, repository: string): boolean {
  if (prefix.registry !== registry) return false;
  return prefix.path === "" || prefix.path === repository || repository.startsWith(`${prefix.path}/`);
}

/** The entry with the longest path among those for the repository; of equal ones the first. */
export function longestPrefix<T extends { readonly prefix: AddressPrefix }>(
  entries: readonly T[],
  registry: string,
  repository: string,
): T | undefined {
  let best: T | undefined;
  for (const entry of entries) {
    if (!coversRepository(entry.prefix, registry, repository)) continue;
    if (best === undefined || entry.prefix.path.length > best.prefix.path.length) best = entry;
  }
  return best;
}

/** The grammar of references knows the names of Docker Hub; a bare word is a host only here, so it stays as it is. */
function canonicalHost(host: string): string {
  if (!/[.:]/.test(host)) return host;
  try {
    return parseReference(`${host}/repository`).registry;
  } catch {
    // Configuration files hold keys that are no hosts at all; they match no registry, which is all that is wanted.
    return host;
  }
}
