import { unescape } from "node:querystring";
import { type Environment, variable } from "../credentials/environment.ts";
import { ImagesyncError } from "../errors.ts";
import { bypassesProxy, isLoopbackHost } from "./no-proxy.ts";
import type { RegistryTransport } from "./transport.ts";

/** A proxy that requests go through. */
export interface Proxy {
  /** Where it listens; without login. */
  readonly url: URL;
  /** Value of Proxy-Authorization, where its address holds a login. */
  readonly authorization?: string | undefined;
  /** What of it must not be told. */
  readonly secrets: readonly string[];
}

/**
 * The proxy for a URL; undefined to go directly. The registry's own proxy counts for all of its requests. Else
 * HTTPS_PROXY and HTTP_PROXY decide, the one for the URL's scheme, unless NO_PROXY names the host or it is this machine.
 * @throws `config` for a variable that holds no address of a proxy.
 */
export function proxyFor(url: URL, own: string | undefined, environment: Environment): Proxy | undefined {
  if (own !== undefined) return requireProxy(own, "the proxy of the registry");
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const address = proxyVariable(environment, name);
  if (address === undefined || isLoopbackHost(url)) return undefined;
  if (bypassesProxy(url, proxyVariable(environment, "NO_PROXY") ?? "")) return undefined;
  return requireProxy(address, name);
}

/**
 * Whether the proxy for a registry can be used, if there is one, as far as its address tells; its token server and its
 * storage may have another one.
 * @throws `config`
 */
export function checkProxy(
  { address, plainHttp, proxyUrl }: Pick<RegistryTransport, "address" | "plainHttp" | "proxyUrl">,
  environment: Environment,
): void {
  const url = `${plainHttp === true ? "http" : "https"}://${address}`;
  if (URL.canParse(url)) proxyFor(new URL(url), proxyUrl, environment);
}

/** The lower-case name goes first, as in curl; names in capitals are what Go programs read first. */
function proxyVariable(environment: Environment, name: string): string | undefined {
  return variable(environment, name.toLowerCase()) ?? variable(environment, name);
}

/** Every login to a proxy in the environment: known before anything is said. */
export function proxySecrets(environment: Environment): readonly string[] {
  return ["HTTP_PROXY", "HTTPS_PROXY"].flatMap((name) => {
    const address = proxyVariable(environment, name);
    return address === undefined ? [] : (parseProxy(address)?.secrets ?? []);
  });
}

/**
 * Reads `http://[user:password@]host[:port]` or the same with https; without a scheme it is http, as in curl and Go.
 * Undefined when it is none: other sorts of proxies are not spoken.
 */
export function parseProxy(text: string): Proxy | undefined {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") return undefined;
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return undefined;
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url, secrets: [] };
  // Not decodeURIComponent: it throws at a percent sign that stands for itself.
  const login = Buffer.from(`${unescape(username)}:${unescape(password)}`).toString("base64");
  return { url, authorization: `Basic ${login}`, secrets: [unescape(password), password, login] };
}

function requireProxy(text: string, name: string): Proxy {
  const proxy = parseProxy(text);
  if (proxy !== undefined) return proxy;
  throw new ImagesyncError({
    code: "config",
    operation: "find the proxy",
    // Not the value: what cannot be read may hold a password in a place where no redactor looks for it.
    message: `Invalid address of a proxy in ${name}`,
    hint: "Write it as http://host:port, with user and password before the host if it wants a login; https works too, socks does not",
  });
}
