import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { CredentialChain } from "../credentials/chain.ts";
import type { CloudAnswer, CloudMessage } from "../credentials/cloud-request.ts";
import type { Environment } from "../credentials/environment.ts";
import { type ImagesyncError, toImagesyncError } from "../errors.ts";
import type { EngineEvent, OnEvent } from "../events.ts";
import { amazonAccess, type AmazonAccess } from "./amazon-access.ts";
import { Approach } from "./approach.ts";
import { Authenticator } from "./auth.ts";
import { defaultRetry, type RetryOptions } from "./backoff.ts";
import { Bandwidth } from "./bandwidth.ts";
import type { Clock } from "./clock.ts";
import { registerConfiguredSecrets } from "./configured-secrets.ts";
import { Connections } from "./connections.ts";
import type { Endpoint } from "./endpoint.ts";
import { Endpoints } from "./endpoints.ts";
import { Lifetime } from "./lifetime.ts";
import { HostLimits } from "./limit.ts";
import type { Account, HttpRequest, HttpResponse } from "./message.ts";
import { sendByLine } from "./line-wire.ts";
import { Mirrors } from "./mirrors.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import type { ThroughputLimits } from "./throughput.ts";
import { createRedactor, type Redactor } from "./redact.ts";
import { redactedError, redactedEvent } from "./redacted.ts";
import { followRedirects, resolveLocation } from "./redirect.ts";
import { type RateLimit, RateLimits } from "./rate-limit.ts";
import { resumable } from "./resume.ts";
import { type RequestCount, RequestCounts } from "./request-counts.ts";
import { withRetries } from "./retry.ts";
import { defaultTimeouts, type Timeouts } from "./timeouts.ts";
import { maxTokenAnswerBytes, type TokenServerRequest } from "./token.ts";
import type { Mirror } from "./transport-check.ts";
import type { RegistryFamily, RegistryTransport } from "./transport.ts";
import type { Exchange, Traffic, WireRequest, WireResponse } from "./wire.ts";

export interface HttpClientOptions {
  /** How registries are reached that need more than https and the well-known certificates. */
  readonly registries?: readonly RegistryTransport[] | undefined;
  readonly credentials: CredentialChain;
  /** Name and version for the User-Agent header. */
  readonly userAgent: string;
  readonly onEvent?: OnEvent | undefined;
  /** Read for HTTP_PROXY, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR. */
  readonly environment: Environment;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  /** Bytes of all bodies together in a second, sent and received. @default no limit */
  readonly maxBandwidth?: number | undefined;
  /** Time for the limits of requests and bytes per second. @default that of this computer */
  readonly clock?: Clock | undefined;
  /** Directory that stands for `/` where the system's certificates are looked for. @default "/" */
  readonly systemRoot?: string | undefined;
  /** Resolves names. @default the system's way, `dns.lookup` */
  readonly lookup?: LookupFunction | undefined;
  /** Guards what this client says; share one to guard logs as well. @default one of its own */
  readonly redactor?: Redactor | undefined;
}

/** Answers to control requests beyond this are refused: the largest real ones are tag lists without pages. */
const maxControlBytes = 32 * 1024 * 1024;

/** What storage answers to an address whose signature has expired, or whose object was moved. */
const staleStatuses: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

/** An answer and how often its request was sent for it. */
interface Outcome {
  readonly response: WireResponse;
  readonly attempts: number;
}

/**
 * Makes requests to registries well: with the right login, within the limits of each host, again when that can help,
 * and never to a place where they should not go. One client lives as long as the process.
 */
export class HttpClient {
  /** Knows every secret that this client has seen. */
  readonly redactor: Redactor;
  readonly #options: HttpClientOptions;
  readonly #timeouts: Timeouts;
  readonly #retry: RetryOptions;
  readonly #endpoints: Endpoints;
  readonly #connections: Connections;
  readonly #authenticator: Authenticator;
  readonly #limits: HostLimits;
  readonly #mirrors: Mirrors;
  readonly #bandwidth: Bandwidth | undefined;
  readonly #rateLimits = new RateLimits();
  readonly #running = new Set<Lifetime>();
  readonly #traffic: Traffic = { requests: 0, bytesReceived: 0, bytesSent: 0 };
  readonly #requests = new RequestCounts();
  #closed = false;

  /** @throws `config` for registry settings that contradict each other. */
  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.redactor = options.redactor ?? createRedactor();
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#retry = { ...defaultRetry, ...options.retry };
    this.#endpoints = new Endpoints(options.registries ?? [], options.clock);
    this.#connections = new Connections({
      environment: options.environment,
      timeouts: this.#timeouts,
      lookup: options.lookup,
      systemRoot: options.systemRoot,
    });
    this.#limits = new HostLimits((host) => this.#endpoints.limitOf(host));
    const { maxBandwidth, clock } = options;
    this.#bandwidth = maxBandwidth === undefined ? undefined : new Bandwidth(maxBandwidth, clock);
    this.#mirrors = new Mirrors({
      mirrorsOf: (registry) => this.#endpoints.mirrorsOf(registry),
      onEvent: (event) => this.#emit(event),
      clock,
    });
    this.#authenticator = new Authenticator({
      credentials: options.credentials,
      redactor: this.redactor,
      sendToTokenServer: (endpoint, request) => this.#sendToTokenServer(endpoint, request),
    });
    registerConfiguredSecrets(this.redactor, options);
  }

  /**
   * Sends a request and returns the answer, whatever its status. A control answer is read whole when this resolves; of
   * a `blob` request the body of a success streams, and errors of that stream are ImagesyncErrors too.
   * @throws `unavailable`, `timeout`, `tls`, `protocol`, `redirect-refused`, `limit` when there is no answer to return;
   * `unauthorized`, `credentials` when there is no login to send; `aborted` by the signal.
   */
  send(request: HttpRequest): Promise<HttpResponse> {
    return this.#mirrors.send(request, (each) => this.#sendTo(each));
  }

  async #sendTo(request: HttpRequest): Promise<HttpResponse> {
    const { operation, registry, access = [], authorization } = request;
    if (authorization !== undefined) this.redactor.registerSecret(authorization.replace(/^\S+\s+/, ""));
    const { headersMs, uploadHeadersMs } = this.#timeouts;
    const body = request.body === undefined ? undefined : new OutgoingBody(request.body);
    const deadlineMs = request.kind === "control" ? this.#timeouts.controlMs : undefined;
    const { response, attempts } = await this.#live(operation, registry, request.signal, deadlineMs, body, (signal) => {
      const endpoint = this.#endpoints.of(registry);
      const url = resolveLocation(endpoint.origin, request.url, endpoint.locationPolicy(operation, "points"));
      const { method } = request;
      const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
      const message = this.#message(endpoint, {
        operation,
        method,
        url,
        headers,
        body,
        signal,
        streamed: request.kind === "blob" && method === "GET",
        headersMs: request.kind === "blob" && body !== undefined ? uploadHeadersMs : headersMs,
        queued: body?.repeatable !== false,
        once: request.once,
        maxAttempts: request.maxAttempts,
        // Where many bodies share a limit of ours, how little one of them gets is no fault of the other side.
        throughput: request.kind === "blob" && this.#bandwidth === undefined ? this.#throughput() : undefined,
        maxAnswerBytes: maxControlBytes,
      });
      const send = (message: WireRequest): Promise<Outcome> =>
        this.#sendRepeatedly(endpoint, message, (exchange) =>
          endpoint.owns(url) && authorization === undefined && request.bare !== true
            ? this.#authenticator.send(endpoint, access, message, exchange)
            : exchange(message),
        );
      const { expectedBytes } = request;
      return expectedBytes === undefined ? send(message) : this.#resumably(message, expectedBytes, send);
    });
    const clean = response.status < 400 ? undefined : await this.#cleanBody(response.body);
    return {
      status: response.status,
      headers: response.headers,
      url: response.url.href,
      attempts,
      get body() {
        return clean ?? response.body;
      },
    };
  }

  /** Some servers repeat in a refusal what they were sent, logins included; errors are made from it. */
  async #cleanBody(body: Readable): Promise<Readable> {
    const told = (await buffer(body)).toString("utf8");
    return Readable.from(told === "" ? [] : [Buffer.from(this.redactor.redact(told))], { objectMode: false });
  }

  /**
   * The user name and password with which a registry is used, for the API of its vendor; undefined when there are none.
   * @throws `credentials` when there is a login that can't be used.
   */
  async account(registry: string, repository: string, signal?: AbortSignal): Promise<Account | undefined> {
    const stop = signal ?? new AbortController().signal;
    return await this.#authenticator.account(this.#endpoints.of(registry), repository, stop);
  }

  /** With what the API of Amazon is used for a registry: nothing that the user has kept from this client. */
  amazon(registry: string): AmazonAccess {
    return amazonAccess(registry, this.#options.environment);
  }

  /** What is set, and what its challenge has told, of the family that a registry belongs to. */
  family(registry: string): RegistryFamily {
    const { vendor, apiUrl } = this.#endpoints.of(registry).transport;
    return { vendor, apiUrl, service: this.#authenticator.serviceOf(registry) };
  }

  /** Where content of a registry is pulled from before it is asked itself, in order. */
  mirrorsOf(registry: string): readonly Mirror[] {
    return this.#endpoints.mirrorsOf(registry);
  }

  /** How connections to a registry come about, for who wants to know why they do not. */
  approach(registry: string): Approach {
    return new Approach(this.#endpoints.of(registry), this.#connections);
  }

  /** What went over the wire so far: every single request counts, bytes are those of bodies. */
  statistics(): { readonly requests: number; readonly bytesReceived: number; readonly bytesSent: number } {
    return { ...this.#traffic };
  }

  /** The same requests, by what they were for and how they were answered. */
  requestCounts(): RequestCount[] {
    return this.#requests.all();
  }

  /** What a registry has last said of how often it may still be asked; undefined when it never did. */
  rateLimit(registry: string): RateLimit | undefined {
    return this.#rateLimits.of(registry);
  }

  /** Stops everything that runs and closes all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lifetime of this.#running) lifetime.stop();
    await this.#connections.close();
  }

  /**
   * The order of the wrappers, from the outside: retry, login, redirect, limit, wire.
   * - Retry is outermost: a new attempt gets a new token if that is what has failed, and starts at the registry again,
   *   because a pre-signed storage URL may have expired. No slot is held through a pause.
   * - Login is outside redirect: it belongs to the registry, and only the registry's own answer may ask for it.
   * - Limit is inside redirect and login: each hop waits at the gate of its own host, and while a token is fetched no
   *   slot is held; otherwise as many requests as there are slots would wait for a token that waits for a slot.
   */
  #sendRepeatedly(
    endpoint: Endpoint,
    message: WireRequest,
    login: (exchange: Exchange) => Promise<WireResponse>,
    redirects = true,
  ): Promise<Outcome> {
    const wire = {
      connections: this.#connections,
      timeouts: this.#timeouts,
      traffic: this.#traffic,
      bandwidth: this.#bandwidth,
    };
    const limited = this.#limits.limited((request) =>
      this.#requests.counted(
        { registry: endpoint.registry, method: request.method },
        sendByLine(this.#endpoints.via(endpoint, request.url), request, wire),
      ),
    );
    const policy = endpoint.locationPolicy(message.operation);
    const redirected: Exchange = async (request) => {
      const response = await (redirects ? followRedirects(request, policy, limited) : limited(request));
      this.#observe(endpoint, response);
      return response;
    };
    const context = {
      request: message,
      options: { ...this.#retry, attempts: message.maxAttempts ?? this.#retry.attempts },
      onEvent: (event: EngineEvent) => this.#emit(event),
      pause: (response: WireResponse, durationMs: number) => this.#limits.pause(response.url.host, durationMs),
      refuse: (response: WireResponse, durationMs: number) => this.#limits.refuse(response.url.host, durationMs),
      // Storage that a registry has led to: what it refuses is an address that has expired, more often than not.
      isStale: ({ status, url }: WireResponse) =>
        message.streamed && staleStatuses.has(status) && url.origin !== message.url.origin,
    };
    return withRetries(context, () => login(redirected));
  }

  /** A download of known length goes on where it was interrupted. */
  async #resumably(
    request: WireRequest,
    expectedBytes: number,
    send: (request: WireRequest) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { response, attempts } = await send(request);
    if (!response.streamed) return { response, attempts };
    const context = {
      request,
      options: this.#retry,
      onEvent: (event: EngineEvent) => this.#emit(event),
      send: async (again: WireRequest) => {
        const outcome = send(again).catch((error: unknown) => {
          // It ends the body, whose reader is told it as it is.
          throw this.#clean(error, request.operation);
        });
        return (await outcome).response;
      },
    };
    return { response: resumable(response, expectedBytes, context), attempts };
  }

  #throughput(): ThroughputLimits {
    const { minBytesPerSecond, throughputWindowMs } = this.#timeouts;
    return { minBytesPerSecond, windowMs: throughputWindowMs };
  }

  #observe(endpoint: Endpoint, response: WireResponse): void {
    if (!endpoint.owns(response.url)) return;
    const message = this.#rateLimits.observe(endpoint.registry, response.headers);
    if (message !== undefined) this.#emit({ kind: "warning", about: "rate-limit", message });
  }

  /**
   * Asks a service that is no registry and gives out logins. It is sent nobody's login, and no answer of it leads
   * elsewhere: what is sent is a secret.
   * @throws as `send`.
   */
  async askService(request: CloudMessage, signal: AbortSignal): Promise<CloudAnswer> {
    const endpoint = this.#endpoints.of(request.url.host);
    const response = await this.#sendSmall("get a login", endpoint, request, { redirects: false }, signal);
    return { status: response.status, headers: response.headers, body: await buffer(response.body) };
  }

  /** A token is shared by many requests, so no signal of theirs stops it; the deadline does, and `close`. */
  #sendToTokenServer(endpoint: Endpoint, request: TokenServerRequest): Promise<WireResponse> {
    return this.#sendSmall("get a token", endpoint, request, { redirects: true });
  }

  async #sendSmall(
    operation: string,
    endpoint: Endpoint,
    { method, url, headers, ...request }: CloudMessage,
    { redirects }: { readonly redirects: boolean },
    outer?: AbortSignal,
  ): Promise<WireResponse> {
    const content = request.body;
    const body = content && new OutgoingBody({ bytes: content.byteLength, repeatable: true, open: () => content });
    const { response } = await this.#live(
      operation,
      endpoint.registry,
      outer,
      this.#timeouts.controlMs,
      body,
      (signal) => {
        const message = this.#message(endpoint, {
          operation,
          method,
          url,
          headers,
          body,
          personalBody: true,
          signal,
          streamed: false,
          headersMs: this.#timeouts.headersMs,
          queued: false,
          maxAnswerBytes: maxTokenAnswerBytes,
        });
        return this.#sendRepeatedly(endpoint, message, (exchange) => exchange(message), redirects);
      },
    );
    return response;
  }

  #message(
    endpoint: Endpoint,
    parts: Omit<WireRequest, "registry" | "headers" | "personalHeaders"> & Pick<HttpRequest, "headers">,
  ): WireRequest {
    const headers: Record<string, string> = {
      "user-agent": this.#options.userAgent,
      // Digests are of the bytes as they are stored: nobody may compress them on the way.
      "accept-encoding": "identity",
      ...(endpoint.owns(parts.url) ? endpoint.headers : {}),
    };
    for (const [name, value] of Object.entries(parts.headers ?? {})) headers[name.toLowerCase()] = value;
    return {
      ...parts,
      registry: endpoint.registry,
      headers,
      personalHeaders: endpoint.personalHeaders,
    };
  }

  /** Runs a request within its lifetime, which lasts until the answer's body has ended or is given up. */
  async #live(
    operation: string,
    registry: string,
    outer: AbortSignal | undefined,
    deadlineMs: number | undefined,
    body: OutgoingBody | undefined,
    run: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    const lifetime = new Lifetime(operation, registry, outer, deadlineMs);
    this.#running.add(lifetime);
    const stop = (): void => {
      lifetime.stop();
      this.#running.delete(lifetime);
    };
    const end = (): void => {
      lifetime.end();
      this.#running.delete(lifetime);
    };
    try {
      if (this.#closed) lifetime.stop();
      lifetime.signal.throwIfAborted();
      const outcome = await run(lifetime.signal);
      const { streamed, body: answer } = outcome.response;
      // It may be given up in the pause before its rest is asked for.
      if (streamed) answer.once("close", () => (answer.readableEnded ? end() : stop()));
      else end();
      return outcome;
    } catch (error) {
      body?.abandon();
      end();
      throw this.#clean(error, operation);
    }
  }

  #emit(event: EngineEvent): void {
    this.#options.onEvent?.(redactedEvent(event, this.redactor));
  }

  /** Nothing leaves this client but ImagesyncErrors, without secrets. */
  #clean(thrown: unknown, operation: string): ImagesyncError {
    return redactedError(toImagesyncError(thrown, operation), this.redactor);
  }
}
