import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ImagesyncError } from "../errors.ts";
import type { Connections } from "./connections.ts";
import type { Endpoint } from "./endpoint.ts";
import { explainNetworkError } from "./network-error.ts";
import { unlessAborted } from "../concurrency/unless-aborted.ts";

/** How a registry's connections are encrypted. */
export interface Encryption {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** Who signed the certificate, as that says; undefined when it does not. */
  readonly issuer: string | undefined;
  /** Until when it is valid, epoch milliseconds; undefined when that cannot be read. */
  readonly validUntilMs: number | undefined;
  /** Why the certificate is not to be trusted; undefined when it is. */
  readonly distrust: ImagesyncError | undefined;
}

/**
 * The steps before the first request to a registry, each by itself. They are taken with the settings of its requests,
 * on connections of their own.
 */
export class Approach {
  readonly #endpoint: Endpoint;
  readonly #connections: Connections;

  constructor(endpoint: Endpoint, connections: Connections) {
    this.#endpoint = endpoint;
    this.#connections = connections;
  }

  /** Where requests go: that may be another host than the registry's name. */
  get origin(): URL {
    return this.#endpoint.origin;
  }

  /** False when certificates are not verified, because the user has said so. */
  get verifies(): boolean {
    return this.#endpoint.transport.insecureSkipVerify !== true;
  }

  /** `host[:port]` of the proxy on the way; undefined without one. @throws `config` for an unreadable address. */
  get proxy(): string | undefined {
    return this.#connections.proxyOf(this.#endpoint)?.url.host;
  }

  /** The addresses of its host. @throws `unavailable` when there are none, the signal's reason. */
  async addresses(signal: AbortSignal): Promise<readonly string[]> {
    const hostname = this.origin.hostname.replace(/^\[|\]$/g, "");
    if (isIP(hostname) !== 0) return [hostname];
    try {
      return await unlessAborted(this.#connections.resolve(hostname), signal);
    } catch (thrown) {
      signal.throwIfAborted();
      throw this.#explain(thrown, "find the host");
    }
  }

  /**
   * Shakes hands by TLS, and hangs up.
   * @throws `tls`, `unavailable`, `timeout` when there is no handshake to tell of; the signal's reason.
   */
  async encryption(signal: AbortSignal): Promise<Encryption> {
    const connecting = this.#connections.inspected(this.#endpoint);
    let socket: Socket;
    try {
      socket = await unlessAborted(connecting, signal);
    } catch (thrown) {
      // The connection may still come about: nobody else would close it.
      connecting.then(hangUp, () => undefined);
      signal.throwIfAborted();
      throw this.#explain(thrown, "connect by TLS");
    }
    try {
      if (!(socket instanceof TLSSocket)) return nothing;
      const certificate = socket.getPeerCertificate();
      const { O: organisation, CN: name } = certificate.issuer ?? {};
      const validUntilMs = Date.parse(certificate.valid_to);
      return {
        protocol: socket.getProtocol() ?? "TLS",
        issuer: [organisation ?? name].flat()[0],
        validUntilMs: Number.isNaN(validUntilMs) ? undefined : validUntilMs,
        distrust: socket.authorized ? undefined : this.#explain(reasonOf(socket), "connect by TLS"),
      };
    } finally {
      hangUp(socket);
    }
  }

  #explain(thrown: unknown, operation: string): ImagesyncError {
    return explainNetworkError(thrown, { operation, registry: this.#endpoint.registry }).error;
  }
}

const nothing: Encryption = { protocol: "TLS", issuer: undefined, validUntilMs: undefined, distrust: undefined };

/** The types say Error; it is the code of one. */
function reasonOf({ authorizationError }: TLSSocket): unknown {
  const reason: unknown = authorizationError;
  return typeof reason === "string" ? Object.assign(new Error(reason), { code: reason }) : reason;
}

function hangUp(socket: Socket): void {
  // Without a listener a late alert of the other side would end the process.
  socket.on("error", () => undefined).destroy();
}
