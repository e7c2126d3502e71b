import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { Agent, Dispatcher } from "undici";
import { type Environment, variable } from "../credentials/environment.ts";
import { isPrivateAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Timeouts } from "./timeouts.ts";
import { tlsSettings } from "./tls.ts";
import type { RegistryTransport } from "./transport.ts";

/** Shorter than what servers keep: a connection that the other side closes at the moment of use fails an upload. */
const keepAliveMs = 4000;

export interface ConnectionsOptions {
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly lookup?: LookupFunction | undefined;
}

/**
 * The connections of one client, kept alive and reused. A registry has two sets of them: those to itself with its full
 * TLS settings, and those to other hosts it points to (storage, token server), which inherit only its certificates and
 * may be refused a private address at the moment of connecting, when the name is resolved.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #agents = new Map<string, Promise<Dispatcher>>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** The dispatcher for a URL that is requested on behalf of a registry. @throws `tls` for unreadable certificates. */
  dispatcher(endpoint: Endpoint, url: URL): Promise<Dispatcher> {
    const own = endpoint.owns(url);
    const key = `${own ? "own" : "foreign"} ${endpoint.registry}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const transport = own ? endpoint.transport : { caCertificate: endpoint.transport.caCertificate };
      agent = this.#create(transport, (address, hostname) => checkAddress(endpoint, own, address, hostname));
      this.#agents.set(key, agent);
      agent.catch(() => this.#agents.delete(key));
    }
    return agent;
  }

  /** Destroys all connections, without waiting for what they carry. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.allSettled(agents.map(async (agent) => (await agent).destroy()));
  }

  async #create(
    transport: Partial<RegistryTransport>,
    check: (address: string, hostname: string) => void,
  ): Promise<Dispatcher> {
    const { environment, timeouts, lookup = systemLookup } = this.#options;
    // A context of its own costs a hundred milliseconds where the system's certificates are configured.
    const settings = transport.plainHttp === true ? {} : await tlsSettings(transport, environment);
    const options: Agent.Options = {
      // How many connections there are is decided at the gates of limit.ts, which know what must not wait.
      connections: null,
      pipelining: 1,
      // HTTP/2 halves the throughput of large bodies and gains nothing with enough connections.
      allowH2: false,
      keepAliveTimeout: keepAliveMs,
      connect: { timeout: timeouts.connectMs, ...settings, lookup: checkedLookup(lookup, check) },
    };
    const httpProxy = proxyVariable(environment, "HTTP_PROXY");
    const httpsProxy = proxyVariable(environment, "HTTPS_PROXY");
    if (httpProxy === undefined && httpsProxy === undefined) {
      const { default: LoadedAgent } = await import("undici/lib/dispatcher/agent.js");
      return new LoadedAgent(options);
    }
    // Through a proxy names are resolved by the proxy, and whom it connects to is for the proxy to decide.
    const { EnvHttpProxyAgent } = await import("undici");
    return new EnvHttpProxyAgent({
      ...options,
      httpProxy: httpProxy ?? "",
      httpsProxy: httpsProxy ?? "",
      noProxy: proxyVariable(environment, "NO_PROXY") ?? "",
      requestTls: settings,
    });
  }
}

/** The lower-case name goes first, as in curl; HTTP_PROXY in capitals is what Go programs read too. */
export function proxyVariable(environment: Environment, name: string): string | undefined {
  return variable(environment, name.toLowerCase()) ?? variable(environment, name);
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
