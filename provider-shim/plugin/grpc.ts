import { once } from "node:events";
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";

import { frame, readMessage } from "./grpc-frame.ts";
import { encodeStatusMessage, grpcCodes, GrpcError } from "./grpc-status.ts";

/** What a streaming method works with. */
interface StreamCall {
  /** The client's one message. A method that expects none does not await it. */
  readonly request: Promise<Uint8Array>;
  /** Aborted when the client cancels the call or its connection ends. */
  readonly signal: AbortSignal;
  /** Sends a message; resolves when there is room for the next one. */
  readonly send: (message: Uint8Array) => Promise<void>;
}

/** A method of a service: one answer, or a stream of answers. A thrown GrpcError is the status, another is INTERNAL. */
export type GrpcMethod =
  | { readonly kind: "unary"; handle(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> }
  | { readonly kind: "stream"; handle(call: StreamCall): Promise<void> };

/** Options of {@link createGrpcServer}. */
export interface GrpcServerOptions {
  /** Methods by path, `/package.Service/Method`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  /** Certificates, for TLS; without them the server speaks plain HTTP/2. */
  readonly tls?: Pick<SecureServerOptions, "key" | "cert" | "ca" | "requestCert" | "rejectUnauthorized" | "minVersion">;
  /** Largest request accepted. Default: 256 MiB, Terraform's own limit. */
  readonly maxMessageBytes?: number | undefined;
  /** Removes secrets from the text of an INTERNAL status. */
  readonly redact?: ((text: string) => string) | undefined;
}

/** A gRPC server that does not listen yet. */
export interface GrpcServer {
  readonly http: Http2Server;
  /** Calls `listener` whenever the number of connections changes. */
  onConnections(listener: (open: number) => void): void;
  /** Resolves when every unary call that is running now has been answered and its answer is sent. */
  drained(): Promise<void>;
  /** Ends all connections at once and stops listening. */
  close(): Promise<void>;
}

const defaultMaxMessageBytes = 256 * 1024 * 1024;

/**
 * Terraform sends many large plans in parallel. With the default windows and session memory twenty plans of 1.5 MB each
 * failed on Bun 1.4 with ENHANCE_YOUR_CALM; session memory is in megabytes.
 */
const http2Options: ServerOptions = { maxSessionMemory: 4096, settings: { initialWindowSize: 8 * 1024 * 1024 } };
const sessionWindowBytes = 64 * 1024 * 1024;

/** Creates a gRPC server for unary and server-streaming methods. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const http = options.tls ? createSecureServer({ ...http2Options, ...options.tls }) : createServer(http2Options);
  const sessions = new Set<ServerHttp2Session>();
  const listeners: ((open: number) => void)[] = [];
  const changed = (): void => {
    for (const listener of listeners) listener(sessions.size);
  };
  http.on("session", (session) => {
    session.setLocalWindowSize(sessionWindowBytes);
    sessions.add(session);
    // A connection that breaks also closes; its calls see that by their signals.
    session.on("error", () => undefined);
    session.on("close", () => {
      sessions.delete(session);
      changed();
    });
    changed();
  });
  const unary = new Set<Promise<unknown>>();
  const track = (stream: ServerHttp2Stream): void => {
    const closed = once(stream, "close").catch(() => undefined);
    unary.add(closed);
    void closed.then(() => unary.delete(closed));
  };
  http.on("stream", (stream, headers) => {
    if (options.methods.get(headers[":path"] ?? "")?.kind === "unary") track(stream);
    void serveStream(stream, headers, options);
  });
  return {
    http,
    drained: () => Promise.all(unary).then(() => undefined),
    onConnections: (listener) => void listeners.push(listener),
    close: async () => {
      for (const session of sessions) session.destroy();
      if (!http.listening) return;
      const closed = once(http, "close");
      http.close();
      await closed;
    },
  };
}

/** Never throws: whatever happens within a call becomes its status. */
async function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: GrpcServerOptions,
): Promise<void> {
  const cancelled = new AbortController();
  // A broken stream also closes, and then nobody is left to tell.
  stream.on("error", () => undefined);
  stream.on("close", () => cancelled.abort(new Error("Terraform has dropped the call")));
  try {
    const method = methodOf(headers, options.methods);
    const request = readMessage(stream, options.maxMessageBytes ?? defaultMaxMessageBytes);
    if (method.kind === "unary") {
      const response = await method.handle(await request, cancelled.signal);
      respond(stream);
      stream.end(frame(response));
    } else {
      // A method that does not await its request must not fall over a request that never ends.
      request.catch(() => undefined);
      respond(stream);
      await method.handle({ request, signal: cancelled.signal, send: (message) => send(stream, message) });
      if (!stream.closed) stream.end();
    }
  } catch (error) {
    sendFailure(stream, error, options.redact ?? ((text) => text));
  }
}

function methodOf(headers: IncomingHttpHeaders, methods: ReadonlyMap<string, GrpcMethod>): GrpcMethod {
  const path = headers[":path"] ?? "";
  if (headers[":method"] !== "POST" || !(headers["content-type"] ?? "").startsWith("application/grpc")) {
    throw new GrpcError(grpcCodes.internal, "Not a gRPC request");
  }
  const method = methods.get(path);
  if (method === undefined) throw new GrpcError(grpcCodes.unimplemented, `Unknown method ${path}`);
  return method;
}

const responseHeaders = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": "identity" };

/** Opens the answer; its status follows after the last message. */
function respond(stream: ServerHttp2Stream): void {
  if (stream.closed || stream.destroyed) throw new Error("Terraform has dropped the call");
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(grpcCodes.ok) }));
  stream.respond(responseHeaders, { waitForTrailers: true });
}

async function send(stream: ServerHttp2Stream, message: Uint8Array): Promise<void> {
  if (stream.closed || stream.destroyed) throw new Error("Terraform has dropped the call");
  if (stream.write(frame(message))) return;
  const settled = new AbortController();
  try {
    await Promise.race([
      once(stream, "drain", { signal: settled.signal }),
      once(stream, "close", { signal: settled.signal }),
    ]);
  } finally {
    settled.abort();
  }
}

/** A status without a message is one block of headers; after the first message it is the trailers. */
function sendFailure(stream: ServerHttp2Stream, error: unknown, redact: (text: string) => string): void {
  if (stream.closed || stream.destroyed) return;
  const known = error instanceof GrpcError;
  const message = error instanceof Error ? error.message : String(error);
  const status = {
    "grpc-status": String(known ? error.code : grpcCodes.internal),
    "grpc-message": encodeStatusMessage(redact(message)),
  };
  if (stream.headersSent) {
    stream.removeAllListeners("wantTrailers");
    stream.on("wantTrailers", () => stream.sendTrailers(status));
    stream.end();
    return;
  }
  stream.respond({ ...responseHeaders, ...status }, { endStream: true });
  // The rest of the request is of no use. https://www.rfc-editor.org/rfc/rfc9113#section-8.1-7
  stream.close(constants.NGHTTP2_NO_ERROR);
}
