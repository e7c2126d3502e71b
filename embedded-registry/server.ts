import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { requiredActions, type Authority } from "./auth.ts";
import { createAuthority } from "./authority.ts";
import { dispatch } from "./dispatch.ts";
import { errorReply, RegistryError } from "./errors.ts";
import type { ApiCall } from "./extension.ts";
import type { Registry } from "./exchange.ts";
import { alteredReply, damagesBody, sendDamaged, substituteReply, type Fault, type Intercept } from "./intercept.ts";
import type { RegistryOptions } from "./options.ts";
import { bodySize, type Reply } from "./reply.ts";
import { cutBody, readBody } from "./request-body.ts";
import { RequestLog, type OpenRecord, type RequestRecord } from "./request-log.ts";
import { parseRoute, routeKind, type RouteKind } from "./router.ts";
import type { Storage } from "./storage.ts";
import { diskStorage } from "./storage-disk.ts";
import { memoryStorage } from "./storage-memory.ts";
import { UploadSessions } from "./upload-sessions.ts";

/** A registry that answers requests. */
export interface RunningRegistry {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string;
  /** Host and port, the first part of an image reference. */
  readonly host: string;
  /** The latest requests, in the order of their arrival. */
  readonly requests: readonly RequestRecord[];
  /** How many requests there were of each sort, for example `{ "HEAD blob": 3 }`. */
  counts(): Record<string, number>;
  /** Forgets requests and counts. */
  resetCounts(): void;
  /** How many upload sessions are open; 0 when every client has cleaned up. */
  openUploads(): number;
  /** Injects faults; assign undefined to stop. */
  intercept: Intercept | undefined;
  /** Ends all connections, running requests included, and throws away unfinished uploads. */
  close(): Promise<void>;
}

const DEFAULTS = {
  allowDelete: true,
  tagDelete: true,
  referrersApi: true,
  maxManifestBytes: 4 * 1024 * 1024,
  maxTagsPerPage: 1000,
  readOnly: false,
  allowSparseIndex: false,
  verifySizes: true,
};

/** Clients re-use connections; the default of five seconds makes them race with our end of an idle one. */
const KEEP_ALIVE_MS = 75_000;

/** Starts a registry; rejects when the address cannot be listened on or the directory cannot be used. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const storage = await openStorage(options.storage);
  const registry: Registry = { storage, sessions: new UploadSessions(storage), options: { ...DEFAULTS, ...options } };
  const scheme = options.tls === undefined ? "http" : "https";
  const service: Service = {
    registry,
    authority: createAuthority(options.auth, scheme),
    log: new RequestLog(),
    tokenPath: (options.auth?.kind === "token" ? options.auth.path : undefined) ?? "/token",
    onRequest: options.onRequest,
    intercept: options.intercept,
    closing: new AbortController(),
  };
  const running = new Set<Promise<void>>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const served = serve(service, request, response).finally(() => running.delete(served));
    running.add(served);
  };
  const server = options.tls === undefined ? createHttpServer(listener) : createHttpsServer(options.tls, listener);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // A large layer over a slow line takes longer than the default of five minutes for a whole request.
  server.requestTimeout = 0;
  const host = await listen(server, options);
  return {
    url: `${scheme}://${host}`,
    host,
    get requests() {
      return service.log.records;
    },
    counts: () => service.log.counts(),
    resetCounts: () => service.log.reset(),
    openUploads: () => registry.sessions.open,
    get intercept() {
      return service.intercept;
    },
    set intercept(intercept) {
      service.intercept = intercept;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      service.closing.abort();
      // What was running has lost its client; when it has noticed, nobody writes to the storage any more.
      await Promise.allSettled(running);
      await registry.sessions.discardAll();
    },
  };
}

interface Service {
  readonly registry: Registry;
  readonly authority: Authority;
  readonly log: RequestLog;
  readonly tokenPath: string;
  readonly onRequest: RegistryOptions["onRequest"];
  intercept: Intercept | undefined;
  readonly closing: AbortController;
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "";
  const method = request.method ?? "";
  const [pathname, query] = splitQuery(path);
  const kind = kindOf(service, pathname);
  const record = service.log.begin(method, path, kind);
  let fault: Fault | undefined;
  try {
    const reply = await answer().catch(errorReply);
    if (clientGone(request)) {
      record.status = 499;
    } else {
      record.status = reply.status;
      if (fault?.loseAnswer === true) throw new Error("The answer is lost on its way");
      await send(alteredReply(completed(reply), fault), fault, request, response, record);
    }
  } catch {
    // The client has gone, or the storage failed in mid-body: a broken connection is the only honest answer.
    response.destroy();
  }
  service.onRequest?.(record);

  async function answer(): Promise<Reply> {
    const route = { ...parseRoute(pathname), kind };
    fault = service.intercept?.({ ...route, method, path, headers: request.headers });
    if (fault?.until !== undefined) await Promise.race([fault.until, once(service.closing.signal, "abort")]);
    if (clientGone(request)) throw new Error("The client went away while it was kept waiting");
    if (fault?.respond !== undefined) return substituteReply(fault.respond);
    const parameters = new URLSearchParams(query);
    if (route.kind === "token" && service.authority.issueToken !== undefined) {
      if (method !== "GET" && method !== "POST") throw new RegistryError("UNSUPPORTED", "Tokens come by GET or POST");
      return service.authority.issueToken(request, parameters);
    }
    const { options } = service.registry;
    const api = await options.api?.(apiCall(service, request, path));
    if (api !== undefined) return api;
    const needed = options.auth?.kind === "token" ? options.auth.requires?.(method, route.kind) : undefined;
    const grants = service.authority.authorize(request, route, needed ?? requiredActions(method));
    const onReceived = (bytes: number): void => void (record.bytesIn += bytes);
    const cutAt = fault?.cutAfterReceivedBytes;
    const body = cutAt === undefined ? request : cutBody(request, cutAt);
    const exchange = { request, body, route, query: parameters, grants, onReceived };
    const next = (): Promise<Reply> => dispatch(service.registry, exchange);
    return options.handling === undefined ? next() : options.handling(exchange, next);
  }
}

/** What a path addresses here, where the token endpoint may be elsewhere than usual. */
function kindOf(service: Service, pathname: string): RouteKind {
  if (pathname === service.tokenPath) return "token";
  const kind = routeKind(pathname);
  return kind === "token" ? "unknown" : kind;
}

async function openStorage(storage: RegistryOptions["storage"]): Promise<Storage> {
  if (storage === undefined) return memoryStorage();
  return "directory" in storage ? diskStorage(storage.directory) : storage;
}

const MAX_API_BODY_BYTES = 1024 * 1024;

function apiCall(service: Service, request: IncomingMessage, address: string): ApiCall {
  const [path, query] = splitQuery(address);
  const tooLarge = new RegistryError("SIZE_INVALID", "The request is too large", { status: 413 });
  return {
    method: request.method ?? "",
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: () => readBody(request, MAX_API_BODY_BYTES, tooLarge),
    authorize: (repository, actions) =>
      service.authority.authorize(request, { kind: "unknown", repository, reference: "" }, actions),
  };
}

/** The reply with the headers that every reply has. */
function completed(reply: Reply): Reply {
  const bare = reply.status === 204 || reply.status === 304;
  return {
    ...reply,
    headers: {
      "Docker-Distribution-Api-Version": "registry/2.0",
      ...(bare ? {} : { "Content-Length": String(bodySize(reply.body)) }),
      ...reply.headers,
    },
  };
}

async function send(
  reply: Reply,
  fault: Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  record: OpenRecord,
): Promise<void> {
  const { status, headers, body } = reply;
  response.writeHead(status, headers);
  if (body === undefined || request.method === "HEAD") {
    response.end();
    return;
  }
  const stream = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body.open();
  const onSent = (bytes: number): void => {
    record.bytesOut += bytes;
  };
  if (damagesBody(fault)) {
    await sendDamaged(stream, fault, response, onSent);
    return;
  }
  stream.on("data", (chunk: Buffer) => onSent(chunk.length));
  await pipeline(stream, response);
}

function clientGone(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}

async function listen(server: Server, options: RegistryOptions): Promise<string> {
  const address = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function splitQuery(path: string): [string, string] {
  const mark = path.indexOf("?");
  return mark < 0 ? [path, ""] : [path.slice(0, mark), path.slice(mark + 1)];
}
