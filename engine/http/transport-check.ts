import { parseAddressPrefix } from "../credentials/address-prefix.ts";
import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { withoutLogin } from "../oci/login-in-text.ts";
import { parseProxy } from "./proxy.ts";
import type { RegistryTransport } from "./transport.ts";

/** Headers that belong to the exchange itself: another value breaks it, or lets one request pass for two. */
const ownHeaders: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Refuses settings of one registry that cannot work. @throws `config`, naming the setting, never a secret. */
export function checkTransport(transport: RegistryTransport): void {
  const refuse = (why: string, hint: string): never => {
    throw invalidTransport(transport.address, why, hint);
  };
  const { maxConnections = 1, requestsPerSecond = 1, proxyUrl, apiUrl } = transport;
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1) {
    refuse(`cannot have ${maxConnections} connections`, "Give at least one connection");
  }
  if (!(requestsPerSecond > 0) || requestsPerSecond === Infinity) {
    refuse(`cannot have ${requestsPerSecond} requests in a second`, "Give a number above 0, or none for no limit");
  }
  if ((transport.clientCertificate === undefined) !== (transport.clientKey === undefined)) {
    refuse("has only one of client certificate and client key", "Give both of them");
  }
  if (proxyUrl !== undefined && parseProxy(proxyUrl) === undefined) {
    refuse(
      "has a proxy whose address cannot be read",
      "Write it as http://host:port, with user and password before the host if it wants a login",
    );
  }
  if (apiUrl !== undefined && !isHttpUrl(apiUrl))
    refuse("has an API whose address is no URL", "Write it as https://host/path");
  for (const mirror of transport.mirrors ?? []) {
    if (parseMirror(mirror) === undefined) {
      refuse(
        `has a mirror ${quote(withoutLogin(mirror) ?? mirror)}, which is no address`,
        "Write it as host, host:port or host/path, behind http:// if it speaks plain HTTP",
      );
    }
  }
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(transport.headers ?? {})) {
    const fault = headerFault(name, value);
    if (fault !== undefined) refuse(`has a header ${quote(name)} that ${fault}`, "Correct or remove it");
    if (seen.has(name.toLowerCase())) refuse(`has the header ${quote(name)} twice`, "Capitals make no difference");
    seen.add(name.toLowerCase());
  }
}

/** Why a header can't be sent with every request, as the end of a sentence; undefined when it can. */
export function headerFault(name: string, value: string): string | undefined {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/i.test(name)) return "is no name of a header";
  if (ownHeaders.has(name.toLowerCase())) return "is set by each request itself";
  // Line breaks would end the header and begin another one; other characters are refused by servers.
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? undefined : "has characters that no header can have";
}

/** A mirror of a registry. */
export interface Mirror {
  /** As it was configured. */
  readonly address: string;
  /** Canonical `host[:port]`. */
  readonly registry: string;
  /** What goes before the name of a repository: empty, or ends with a slash. */
  readonly prefix: string;
  /** What the address says of encryption; undefined where it says nothing. */
  readonly scheme: "http" | "https" | undefined;
}

/** Reads `[http://|https://]host[:port][/path]`; undefined when it is none. */
export function parseMirror(address: string): Mirror | undefined {
  const parsed = parseAddressPrefix(address);
  if (parsed === undefined || !URL.canParse(`https://${parsed.registry}`)) return undefined;
  const [, written] = /^\s*(https?):/i.exec(address) ?? [];
  const scheme = written === undefined ? undefined : written.toLowerCase() === "http" ? "http" : "https";
  if (parsed.path === "") return { address, registry: parsed.registry, prefix: "", scheme };
  // The grammar of repository names, which the path becomes a part of.
  const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  if (!new RegExp(`^${component}(?:/${component})*$`).test(parsed.path)) return undefined;
  return { address, registry: parsed.registry, prefix: `${parsed.path}/`, scheme };
}

/** The error for settings of one registry. */
export function invalidTransport(address: string, why: string, hint: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "configure a registry",
    message: `Invalid registry configuration: ${quote(withoutLogin(address) ?? address)} ${why}`,
    hint,
  });
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
