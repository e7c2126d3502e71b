import { ImagesyncError } from "../errors.ts";
import { type AddressPrefix, longestPrefix, parseAddressPrefix } from "./address-prefix.ts";
import { type AuthEntry, readAuthEntry } from "./auth-entry.ts";
import type { FoundCredential } from "./credential.ts";

/** Logins from one `config.json` of docker or `auth.json` of podman. */
export interface DockerConfig {
  /**
   * The login for a repository, undefined when the file has none.
   * @throws `credentials` when the file has one that can't be used: that must not end as an anonymous request.
   */
  readonly find: (registry: string, repository: string) => FoundCredential | undefined;
}

/** More than any real file has; a mistaken path may name anything. */
const maxConfigBytes = 4 * 1024 * 1024;

/**
 * Stores that leave an empty entry in `auths` for each registry they hold a login for. A registry without an entry has
 * no login there; of every other helper that can't be known without asking it.
 */
const listingStores: ReadonlySet<string> = new Set(["desktop", "osxkeychain", "pass", "secretservice", "wincred"]);

interface Entry {
  readonly prefix: AddressPrefix;
  /** The key as it is spelled in the file. */
  readonly key: string;
  readonly entry: AuthEntry;
}

/**
 * Reads a docker configuration. `origin` names it in messages, the content never appears in one.
 * @throws `credentials` when it is not such a file; an entry that is broken is reported only when it is needed.
 */
export function parseDockerConfig(text: string, origin: string): DockerConfig {
  if (text.length > maxConfigBytes) throw unreadable(origin, `it is larger than ${maxConfigBytes} bytes`);
  const root = parseObject(text, origin);
  const entries: Entry[] = [];
  for (const [key, value] of objectEntries(root, "auths", origin)) {
    const prefix = parseAddressPrefix(key);
    if (prefix !== undefined) entries.push({ prefix, key, entry: readAuthEntry(value) });
  }
  // A login is preferred to the empty entry that a store leaves under another spelling of the same address.
  entries.sort((a, b) => Number(a.entry.kind === "empty") - Number(b.entry.kind === "empty"));

  const helpers: { prefix: AddressPrefix; name: string }[] = [];
  for (const [key, value] of objectEntries(root, "credHelpers", origin)) {
    const prefix = parseAddressPrefix(key);
    if (prefix !== undefined && typeof value === "string" && value !== "") helpers.push({ prefix, name: value });
  }
  const store = root.get("credsStore");
  if (store !== undefined && typeof store !== "string") throw unreadable(origin, `"credsStore" is not a string`);

  return {
    find: (registry, repository) => {
      const helper = longestPrefix(helpers, registry, repository);
      if (helper !== undefined) throw helperNeeded(origin, registry, helper.name);
      const found = longestPrefix(entries, registry, repository);
      if (found?.entry.kind === "login") {
        return { credential: found.entry.credential, origin: `${origin} ("${found.key}")` };
      }
      if (found?.entry.kind === "broken") {
        throw unusable(origin, found.key, found.entry.why);
      }
      if (store !== undefined && store !== "" && (found !== undefined || !listingStores.has(store))) {
        throw helperNeeded(origin, registry, store);
      }
      return undefined;
    },
  };
}

/** Own keys only, in a Map: a key such as `__proto__` in the file is a key like any other. */
function parseObject(text: string, origin: string): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The parser's message quotes the text, and the text holds passwords: it is not even kept as the cause.
    throw unreadable(origin, "it is not valid JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw unreadable(origin, "it does not hold a JSON object");
  }
  return new Map(Object.entries(parsed));
}

function objectEntries(root: ReadonlyMap<string, unknown>, key: string, origin: string): [string, unknown][] {
  const value = root.get(key);
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw unreadable(origin, `"${key}" is not an object`);
  return Object.entries(value);
}

function unreadable(origin: string, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "credentials",
    operation: "read the docker configuration",
    message: `Cannot read the logins in ${origin}: ${why}`,
    hint: "Repair it, or write it anew with docker login",
  });
}

function unusable(origin: string, key: string, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "credentials",
    operation: "read the docker configuration",
    message: `Cannot use the login for "${key}" in ${origin}: ${why}`,
    hint: `Write it anew with docker login ${key}`,
  });
}

function helperNeeded(origin: string, registry: string, helper: string): ImagesyncError {
  return new ImagesyncError({
    code: "credentials",
    operation: "find credentials",
    registry,
    message: `Cannot log in to ${registry}: ${origin} points to the credential helper "${helper}", and credential helpers are not supported yet`,
    hint: `Give a user name and password or a token for ${registry}, another configuration file that holds the login itself, or disable authentication for ${registry}`,
  });
}
