import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { type AddressPrefix, longestPrefix, parseAddressPrefix } from "./address-prefix.ts";
import { type AuthEntry, readAuthEntry } from "./auth-entry.ts";
import type { FoundCredential } from "./credential.ts";

/** Where a configuration says that the login for a repository is. */
type Candidate =
  | ({ readonly kind: "login" } & FoundCredential)
  /** To be asked of the credential helper `name`; `server` is what the login is stored under there. */
  | { readonly kind: "helper"; readonly name: string; readonly server: string; readonly origin: string };

/** Logins from one `config.json` of docker, `auth.json` of podman, or a bare map as docker once kept in `.dockercfg`. */
export interface DockerConfig {
  /** Names the configuration in messages. */
  readonly origin: string;
  /**
   * Where the login for a repository may be, in the order to look there: each counts only when those before have none.
   * @throws `credentials` when it comes to one that can't be used: that must not end as an anonymous request.
   */
  readonly candidates: (registry: string, repository: string) => Iterable<Candidate>;
}

/** More than any real file has; a mistaken path may name anything. */
export const maxConfigBytes: number = 4 * 1024 * 1024;

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
  if (Buffer.byteLength(text) > maxConfigBytes) throw unreadable(origin, `it is larger than ${maxConfigBytes} bytes`);
  const root = withAuths(parseObject(text, origin));
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
    if (prefix === undefined) continue;
    if (typeof value !== "string") throw unreadable(origin, `the helper for ${quote(key)} is not a string`);
    helpers.push({ prefix, name: value });
  }
  const store = root.get("credsStore");
  if (store !== undefined && typeof store !== "string") throw unreadable(origin, `"credsStore" is not a string`);

  return {
    origin,
    *candidates(registry, repository) {
      const helper = longestPrefix(helpers, registry, repository);
      // An empty name is how docker is told that for this host not even the store is to be asked.
      if (helper !== undefined && helper.name !== "") {
        yield helperCandidate(helper.name, serverKey(registry), origin);
      }
      const found = longestPrefix(entries, registry, repository);
      if (found?.entry.kind === "login") {
        yield { kind: "login", credential: found.entry.credential, origin: `${origin} ("${found.key}")` };
        return;
      }
      if (found?.entry.kind === "broken") throw unusable(origin, found.key, found.entry.why);
      if (helper !== undefined || store === undefined || store === "") return;
      if (found !== undefined || !listingStores.has(store)) {
        yield helperCandidate(store, found?.key ?? serverKey(registry), origin);
      }
    },
  };
}

/**
 * Old docker versions had no `auths` around the logins, and secrets of Kubernetes may still be like that. A host has a
 * dot or a port; no setting of docker has one in its name.
 */
function withAuths(root: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> {
  if (["auths", "credHelpers", "credsStore"].some((key) => root.has(key))) return root;
  const logins = [...root].filter(([key, value]) => /[.:]|^localhost$/.test(key) && typeof value === "object");
  return logins.length === 0 ? root : new Map([["auths", Object.fromEntries(logins)]]);
}

function helperCandidate(name: string, server: string, origin: string): Candidate {
  return { kind: "helper", name, server, origin: `credential helper ${name} (${origin})` };
}

/** What `docker login` stores a login under: the host, but of Docker Hub an address from its first days. */
export function serverKey(registry: string): string {
  return registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
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
