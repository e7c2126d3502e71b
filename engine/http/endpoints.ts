import { registryOrigin } from "./address.ts";
import type { Clock } from "./clock.ts";
import { Endpoint } from "./endpoint.ts";
import { withMirrors } from "./mirror-transports.ts";
import { type Mirror, parseMirror } from "./transport-check.ts";
import { defaultMaxConnections, indexTransports, type RegistryTransport } from "./transport.ts";

/** All registries that one client has to do with, configured or not. */
export class Endpoints {
  readonly #transports: ReadonlyMap<string, RegistryTransport>;
  /** Configured registries by the host of their API, which is how URLs name them. */
  readonly #configured: ReadonlyMap<string, string>;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #clock: Clock | undefined;

  /** @throws `config` for settings that contradict each other. */
  constructor(transports: readonly RegistryTransport[], clock?: Clock) {
    this.#clock = clock;
    this.#transports = withMirrors(indexTransports(transports));
    this.#configured = new Map(
      [...this.#transports].map(([registry, { plainHttp }]) => [
        registryOrigin(registry, plainHttp === true).host,
        registry,
      ]),
    );
  }

  /** The endpoint of a canonical registry, the same one every time. */
  of(registry: string): Endpoint {
    let endpoint = this.#endpoints.get(registry);
    if (endpoint === undefined) {
      const transport: Partial<RegistryTransport> = this.#transports.get(registry) ?? {};
      const { apiUrl } = transport;
      const apiHost = apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).host : undefined;
      endpoint = new Endpoint(
        registry,
        transport,
        ({ host }) => this.#configured.has(host) || host === apiHost,
        this.#clock,
      );
      this.#endpoints.set(registry, endpoint);
    }
    return endpoint;
  }

  /** Whose settings apply to a URL: a host that the user has configured keeps its own, whoever points to it. */
  via(endpoint: Endpoint, url: URL): Endpoint {
    const registry = this.#configured.get(url.host);
    return endpoint.owns(url) || registry === undefined ? endpoint : this.of(registry);
  }

  /** Where content of a canonical registry is pulled from before it is asked itself, in order. */
  mirrorsOf(registry: string): readonly Mirror[] {
    const { mirrors = [] } = this.#transports.get(registry) ?? {};
    return mirrors.flatMap((address) => parseMirror(address) ?? []);
  }

  /** How many requests a host gets at the same time. */
  limitOf(host: string): number {
    const registry = this.#configured.get(host) ?? host;
    return this.#transports.get(registry)?.maxConnections ?? defaultMaxConnections;
  }
}
