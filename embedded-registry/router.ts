import { RegistryError } from "./errors.ts";
import { isRepositoryName } from "./grammar.ts";

/** What a path addresses. Requests are counted by these names. */
export type RouteKind = "base" | "manifest" | "blob" | "upload" | "tags" | "referrers" | "token" | "unknown";

/** A path taken apart; the repository is in the grammar of names, the reference is not checked yet. */
export interface Route {
  readonly kind: RouteKind;
  /** Empty for `base`, `token` and `unknown`. */
  readonly repository: string;
  /** Tag, digest or identifier of an upload session; empty where a new session is asked for. */
  readonly reference: string;
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
// Uploads stand before blobs: "uploads" is no digest.
const ROUTES: readonly (readonly [RouteKind, RegExp])[] = [
  ["base", /^\/v2\/?$/],
  ["token", /^\/token$/],
  ["tags", /^\/v2\/(.+)\/tags\/list$/],
  ["manifest", /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ["upload", /^\/v2\/(.+)\/blobs\/uploads(?:\/([^/]*))?$/],
  ["blob", /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ["referrers", /^\/v2\/(.+)\/referrers\/([^/]+)$/],
];

/** Names what a path (without its query) addresses; never throws, so that even nonsense can be counted. */
export function routeKind(path: string): RouteKind {
  return match(path).kind;
}

/** @throws RegistryError NAME_INVALID when the path has the form of a route but its repository is not a name. */
export function parseRoute(path: string): Route {
  const route = match(path);
  if (route.repository !== "" && !isRepositoryName(route.repository)) {
    throw new RegistryError("NAME_INVALID", "The repository name is not valid", {
      detail: { name: route.repository.slice(0, 300) },
    });
  }
  return route;
}

function match(path: string): Route {
  const decoded = decode(path);
  if (decoded !== undefined) {
    for (const [kind, pattern] of ROUTES) {
      const found = pattern.exec(decoded);
      if (found !== null) return { kind, repository: found[1] ?? "", reference: found[2] ?? "" };
    }
  }
  return { kind: "unknown", repository: "", reference: "" };
}

/** Some clients send the colon of a digest as %3A. What decodes to a dot-dot or a slash must then pass the grammar. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not UTF-8 behind the percent signs: an address of nothing.
    return undefined;
  }
}
