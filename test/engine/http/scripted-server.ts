import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { buffer } from "node:stream/consumers";

/** A request as the server saw it, its body read to the end unless the script does that itself. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly message: IncomingMessage;
}

export type Script = (request: Received, response: ServerResponse) => unknown;

export interface ScriptedServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** All requests so far, in the order of arrival. */
  readonly requests: readonly Received[];
  /** How many connections were ever made. */
  readonly connections: () => number;
}

export interface ScriptedServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean };
  /** False leaves bodies of requests to the script. @default true */
  readonly readBodies?: boolean;
}

/** A server on loopback that answers as a test says. Use it with `await using`. */
export async function startServer(script: Script, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const requests: Received[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A peer that goes away is part of the scripts.
    message.on("error", () => {});
    response.on("error", () => {});
    const body = options.readBodies === false ? Buffer.alloc(0) : await buffer(message).catch(() => Buffer.alloc(0));
    const { method = "", url = "", headers } = message;
    const received = { method, url, headers, body, message };
    requests.push(received);
    await script(received, response);
  };
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => void listener(message, response);
  const server: Server =
    options.tls === undefined
      ? createServer(onRequest)
      : createTlsServer({ ...options.tls, rejectUnauthorized: options.tls.requestCert === true }, onRequest);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    host,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://${host}`,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** A promise that a script resolves, so that a test waits for what happened and not for time to pass. */
export function deferred(): Deferred {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

/** Resolves when the connection that brought a request is closed. */
export async function gone(request: Received | undefined): Promise<void> {
  if (request === undefined) throw new Error("There was no such request");
  const { socket } = request.message;
  // Not events.once: that rejects when the connection is reset, which is one of the ways to go.
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}
