import { isPrivateHost, registryOrigin } from "./address.ts";
import type { Clock } from "./clock.ts";
import { Cadence } from "./cadence.ts";
import type { LocationPolicy } from "./redirect.ts";
import type { RegistryTransport } from "./transport.ts";

/** A registry as this process knows it: where it is, how it is reached, and what is learnt on the way. */
export class Endpoint {
  /** Canonical `host[:port]`, the key of everything. */
  readonly registry: string;
  readonly origin: URL;
  /** Each look at the origin of a URL puts it together anew. */
  readonly #ownOrigin: string;
  readonly transport: Partial<RegistryTransport>;
  /** Configured headers, names in lower case; for this registry only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly personalHeaders: ReadonlySet<string>;
  /** When the next request to the registry itself may begin; undefined without a limit. */
  readonly cadence: Cadence | undefined;
  readonly #isConfigured: (url: URL) => boolean;
  #private: boolean;

  /** `isConfigured` tells whether the user named the host of a URL: then it may be private. */
  constructor(
    registry: string,
    transport: Partial<RegistryTransport>,
    isConfigured: (url: URL) => boolean,
    clock?: Clock,
  ) {
    this.registry = registry;
    this.transport = transport;
    this.origin = registryOrigin(registry, transport.plainHttp === true);
    this.#ownOrigin = this.origin.origin;
    this.headers = Object.fromEntries(
      Object.entries(transport.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    this.personalHeaders = new Set(Object.keys(this.headers));
    const { requestsPerSecond } = transport;
    this.cadence = requestsPerSecond === undefined ? undefined : new Cadence(requestsPerSecond, clock);
    this.#isConfigured = isConfigured;
    this.#private = isPrivateHost(this.origin.hostname);
  }

  /** The registry's name was resolved to a private address: then its storage and token server may be private too. */
  foundPrivate(): void {
    this.#private = true;
  }

  /** True when other hosts that this registry points to may be private, because it is private itself. */
  get privateAllowed(): boolean {
    return this.#private;
  }

  /** True for URLs that get the user's credentials: same scheme, host and port as the registry. */
  owns(url: URL): boolean {
    return url.origin === this.#ownOrigin;
  }

  /** `verb` says in messages how the registry leads somewhere else. */
  locationPolicy(operation: string, verb = "redirects"): LocationPolicy {
    const privateAllowed = (url: URL): boolean => this.#private || this.#isConfigured(url);
    return { operation, registry: this.registry, verb, privateAllowed };
  }
}
