import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { isPrivateHost } from "./address.ts";
import type { Exchange, WireRequest, WireResponse } from "./wire.ts";

/** What a URL that a server names must not do. */
export interface LocationPolicy {
  readonly operation: string;
  readonly registry: string;
  /** How the registry leads there, for messages: "redirects". */
  readonly verb: string;
  /** True when this host may be reached although it is private: the registry is private too, or the user named it. */
  readonly privateAllowed: (url: URL) => boolean;
}

/** More hops are a mistake or a trap; browsers allow 20, registries need 1 or 2. */
const maxRedirects = 10;

/** Headers that speak for the user; they are for the host they were made for. */
const personalHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

/**
 * Resolves a URL that a server gave (redirect, upload Location, next page, token realm) against the URL it answered.
 * The query is kept byte for byte: upload sessions and signatures live in it.
 * @throws `protocol` when it is no URL, `redirect-refused` when it leads from https to http, to another scheme, or from
 * a public registry into a private network.
 */
export function resolveLocation(base: URL, location: string, policy: LocationPolicy): URL {
  let url: URL;
  try {
    url = new URL(location, base);
  } catch {
    throw new ImagesyncError({
      code: "protocol",
      operation: policy.operation,
      registry: policy.registry,
      message: `Cannot ${policy.operation}: ${policy.registry} answered with a location that is no URL: ${quote(describe(location))}`,
    });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refused(policy, `to the scheme ${quote(url.protocol)}`);
  }
  if (base.protocol === "https:" && url.protocol === "http:") {
    throw refused(
      policy,
      `from https to ${url.origin}, which is not encrypted`,
      "A registry behind a proxy that ends TLS must be told so, usually by the header X-Forwarded-Proto",
    );
  }
  if (isPrivateHost(url.hostname) && !policy.privateAllowed(url)) {
    throw refused(
      policy,
      `to the private address ${url.host}`,
      "If that is intended, configure this host as a registry of its own",
    );
  }
  // Each of these makes the URL anew; hardly any has something to take away.
  if (/[@#]/.test(url.href)) {
    url.username = "";
    url.password = "";
    url.hash = "";
  }
  return url;
}

/**
 * Follows redirects, the only place where that is done. GET and HEAD follow any redirect; other methods only 307 and
 * 308, which keep the method, and only if the body can be sent again. Personal headers stay with the origin of the
 * first URL and are not taken up again when a later hop comes back to it; with a personal body none but that is gone to.
 */
export async function followRedirects(
  first: WireRequest,
  policy: LocationPolicy,
  exchange: Exchange,
): Promise<WireResponse> {
  let seen: Set<string> | undefined;
  let request = first;
  for (let hops = 0; ; hops += 1) {
    const response = await exchange(request);
    const location = response.headers.get("location");
    if (!isRedirect(response.status) || location === undefined) return response;
    const next = resolveLocation(request.url, location, policy);
    const keepsMethod = response.status === 307 || response.status === 308;
    if (request.method !== "GET" && request.method !== "HEAD" && !(keepsMethod && request.body?.taken !== true)) {
      throw refused(
        policy,
        `of a ${request.method} with status ${response.status}, which cannot be repeated at another place`,
      );
    }
    if (request.personalBody === true && request.body !== undefined && next.origin !== first.url.origin) {
      throw refused(policy, `a login to ${next.origin}, which it was not meant for`);
    }
    if (hops === maxRedirects) throw refused(policy, `after ${maxRedirects} others`);
    seen ??= new Set([first.url.href]);
    if (seen.has(next.href)) throw refused(policy, "in a circle");
    seen.add(next.href);
    request = { ...request, url: next, headers: headersFor(request, first.url, next) };
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function headersFor(request: WireRequest, first: URL, next: URL): WireRequest["headers"] {
  if (next.origin === request.url.origin && request.url.origin === first.origin) return request.headers;
  return Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => !personalHeaders.has(name) && !request.personalHeaders.has(name),
    ),
  );
}

/** Only host and path of what a server sent: queries carry signatures. */
function describe(location: string): string {
  return location.split(/[?#]/, 1)[0] ?? "";
}

function refused(policy: LocationPolicy, where: string, hint?: string): ImagesyncError {
  return new ImagesyncError({
    code: "redirect-refused",
    operation: policy.operation,
    registry: policy.registry,
    message: `Cannot ${policy.operation}: ${policy.registry} ${policy.verb} ${where}`,
    hint,
  });
}
