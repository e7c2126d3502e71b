import { lookup as systemLookup } from "node:dns";
import type { LookupFunction, Socket } from "node:net";
import type { buildConnector } from "undici";
import type { Environment } from "../credentials/environment.ts";
import { isPrivateAddress } from "./address.ts";
import { type Connector, targetOf } from "./connector.ts";
import type { Endpoint } from "./endpoint.ts";
import { Lines } from "./lines.ts";
import { type Proxy, proxyFor } from "./proxy.ts";
import { proxyUnreachable } from "./proxy-answer.ts";
import type { Timeouts } from "./timeouts.ts";
import { type TlsSettings, tlsSettings } from "./tls.ts";
import { TrustStore } from "./trust-store.ts";
import { tunnelConnector } from "./tunnel.ts";

export interface ConnectionsOptions {
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly lookup?: LookupFunction | undefined;
  /** Directory that stands for `/` where the system's certificates are looked for. @default "/" */
  readonly systemRoot?: string | undefined;
}

/** How a URL is requested: over which connections, and by which first line. */
export interface Route {
  readonly lines: Lines;
  readonly origin: string;
  /** What stands behind the method: a whole URL where a proxy passes the request on. */
  readonly target: string;
  /** For the proxy that reads this request; they replace those of the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `host[:port]` of the proxy that answers itself when it cannot pass the request on. */
  readonly proxy?: string | undefined;
}

/**
 * The connections of one client, kept alive and reused. A registry has two sets of them: those to itself with its full
 * TLS settings, and those to other hosts it points to (storage, token server), which inherit only its authorities and
 * may be refused a private address at the moment of connecting, when the name is resolved. Each goes directly or
 * through a proxy, by host.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #trustStore: TrustStore;
  /** By own proxy and origin: the environment is not read for each request. */
  readonly #proxies = new Map<string, Proxy | undefined>();
  readonly #lines = new Map<string, Promise<Lines>>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#trustStore = new TrustStore(options);
  }

  /**
   * The way to a URL that is requested on behalf of a registry.
   * @throws `tls` for unreadable certificates, `config` for an unreadable address of a proxy.
   */
  async route(endpoint: Endpoint, url: URL): Promise<Route> {
    const proxy = this.#proxyFor(url, endpoint);
    const own = endpoint.owns(url);
    const target = url.pathname + url.search;
    const whose = `${own ? "own" : "foreign"} ${endpoint.registry}`;
    if (proxy === undefined) {
      const lines = await this.#linesFor(whose, () => this.#direct(endpoint, own));
      return { lines, origin: url.origin, target };
    }
    const through = `${proxy.url.href} ${proxy.authorization ?? ""}`;
    if (url.protocol === "https:") {
      const lines = await this.#linesFor(`${whose} ${through}`, () => this.#tunnelled(endpoint, own, proxy));
      return { lines, origin: url.origin, target };
    }
    const lines = await this.#linesFor(through, () => this.#proxied(proxy));
    const login = proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization };
    const headers = { host: url.host, ...login };
    return { lines, origin: proxy.url.origin, target: url.origin + target, headers, proxy: proxy.url.host };
  }

  /** The proxy that requests to a registry itself go through. @throws `config` for an unreadable address of one. */
  proxyOf(endpoint: Endpoint): Proxy | undefined {
    return this.#proxyFor(endpoint.origin, endpoint);
  }

  /** Resolves a name as connections do; an IP address is its own. */
  resolve(hostname: string): Promise<readonly string[]> {
    const { lookup = systemLookup } = this.#options;
    return new Promise((resolve, reject) => {
      lookup(hostname, { all: true }, (error, found) => {
        if (error !== null) reject(error);
        else resolve(typeof found === "string" ? [found] : found.map(({ address }) => address));
      });
    });
  }

  /** A connection of its own to a registry that speaks TLS, made whatever its certificate is worth: only to be looked at. */
  async inspected(endpoint: Endpoint): Promise<Socket> {
    const { connectMs } = this.#options.timeouts;
    const { origin } = endpoint;
    const settings = { ...(await this.#tls(endpoint, true)), rejectUnauthorized: false };
    const direct = await createConnector({
      timeout: connectMs,
      ...settings,
      lookup: this.#options.lookup ?? systemLookup,
    });
    const proxy = this.proxyOf(endpoint);
    const connect =
      proxy === undefined
        ? direct
        : tunnelConnector(proxy, { connectMs, secureContext: await this.#trustStore.context(), inside: direct });
    return await new Promise((resolve, reject) => {
      connect(targetOf(origin), (...[error, socket]) => {
        if (error === null) resolve(socket);
        else reject(error);
      });
    });
  }

  /** Destroys all connections, without waiting for what they carry. */
  async close(): Promise<void> {
    const all = [...this.#lines.values()];
    this.#lines.clear();
    await Promise.allSettled(all.map(async (lines) => (await lines).close()));
  }

  #linesFor(key: string, create: () => Promise<Lines>): Promise<Lines> {
    let lines = this.#lines.get(key);
    if (lines === undefined) {
      lines = create();
      this.#lines.set(key, lines);
      lines.catch(() => this.#lines.delete(key));
    }
    return lines;
  }

  async #direct(endpoint: Endpoint, own: boolean): Promise<Lines> {
    const { timeouts, lookup = systemLookup } = this.#options;
    const check = (address: string, hostname: string): void => checkAddress(endpoint, own, address, hostname);
    const settings = { timeout: timeouts.connectMs, ...(await this.#tls(endpoint, own)) };
    return new Lines(await createConnector({ ...settings, lookup: checkedLookup(lookup, check) }));
  }

  /** Names are resolved by the proxy, and whom it connects to is for the proxy to decide. */
  async #tunnelled(endpoint: Endpoint, own: boolean, proxy: Proxy): Promise<Lines> {
    const { connectMs } = this.#options.timeouts;
    const inside = await createConnector({ timeout: connectMs, ...(await this.#tls(endpoint, own)) });
    const secureContext = await this.#trustStore.context();
    return new Lines(tunnelConnector(proxy, { connectMs, secureContext, inside }));
  }

  /** Requests without encryption are read by the proxy and passed on, as RFC 9112 §3.2.2 has it. */
  async #proxied(proxy: Proxy): Promise<Lines> {
    const secureContext = proxy.url.protocol === "https:" ? await this.#trustStore.context() : undefined;
    const connect = await createConnector({
      timeout: this.#options.timeouts.connectMs,
      ...(secureContext === undefined ? {} : { secureContext }),
    });
    return new Lines((target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(proxyUnreachable(proxy.url.host, error), null);
      }),
    );
  }

  #proxyFor(url: URL, { transport }: Endpoint): Proxy | undefined {
    const key = `${transport.proxyUrl ?? ""} ${url.origin}`;
    if (!this.#proxies.has(key)) {
      this.#proxies.set(key, proxyFor(url, transport.proxyUrl, this.#options.environment));
    }
    return this.#proxies.get(key);
  }

  async #tls(endpoint: Endpoint, own: boolean): Promise<TlsSettings> {
    const { transport, registry, origin } = endpoint;
    // Reading certificates costs time, and there is nothing to check.
    if (own && transport.plainHttp === true) return {};
    const { insecureSkipVerify, ...rest } = transport;
    return await tlsSettings(own ? { ...rest, insecureSkipVerify } : rest, {
      environment: this.#options.environment,
      systemRoot: this.#options.systemRoot,
      trustStore: this.#trustStore,
      hosts: registry === origin.host ? [registry] : [registry, origin.host],
      showsClient: own,
    });
  }
}

async function createConnector(options: buildConnector.BuildOptions): Promise<Connector> {
  const { default: build } = await import("undici/lib/core/connect.js");
  return build(options);
}

function checkAddress(endpoint: Endpoint, own: boolean, address: string, hostname: string): void {
  if (!isPrivateAddress(address)) return;
  if (own) endpoint.foundPrivate();
  if (endpoint.privateAllowed) return;
  throw Object.assign(new Error(`${hostname} resolves to a private address`), { code: "IMAGESYNC_PRIVATE_ADDRESS" });
}

/** Name resolution that looks at each address before a connection is tried: what is checked is what is connected to. */
function checkedLookup(lookup: LookupFunction, check: (address: string, hostname: string) => void): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      let refusal = error;
      try {
        const addresses = typeof address === "string" ? [{ address }] : (address ?? []);
        for (const entry of addresses) check(entry.address, hostname);
      } catch (thrown) {
        refusal = thrown as NodeJS.ErrnoException;
      }
      callback(refusal, address, family);
    });
  };
}
