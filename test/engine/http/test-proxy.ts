import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A proxy on loopback, as companies have them: it resolves names itself, and may ask for a login. */
export interface TestProxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The first line of every request that it got, `CONNECT host:port` or `GET http://…`, in order. */
  readonly lines: readonly string[];
}

export interface TestProxyOptions {
  /** Who may use it, as `user:password`. Default everybody. */
  readonly login?: string;
  /** Answers every request with this status and passes nothing on. */
  readonly status?: number;
  /** Whereto a name leads, as `127.0.0.1:port`. Default: where the name says. */
  readonly names?: Readonly<Record<string, string>>;
  /** It is reached by TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Starts a proxy. Use it with `await using`. */
export async function startProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const lines: string[] = [];
  const sockets = new Set<Duplex>();
  const whereto = (authority: string): string => options.names?.[authority.replace(/:\d+$/, "")] ?? authority;
  const refusal = (message: IncomingMessage): number | undefined => {
    const { login, status } = options;
    const right = login === undefined || message.headers["proxy-authorization"] === `Basic ${btoa(login)}`;
    return right ? status : 407;
  };

  function pass(message: IncomingMessage, response: ServerResponse): void {
    const url = new URL(message.url ?? "");
    lines.push(`${message.method} ${url.href}`);
    const status = refusal(message);
    if (status !== undefined) {
      response.writeHead(status).end("the proxy says no");
      return;
    }
    const [hostname, port] = whereto(url.host).split(":");
    const { "proxy-authorization": _, ...headers } = message.headers;
    const path = url.pathname + url.search;
    const onward = httpRequest({ hostname, port, path, method: message.method, headers, agent: false });
    onward.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    message.pipe(onward);
  }

  function tunnel(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    lines.push(`CONNECT ${message.url}`);
    const status = refusal(message);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const [hostname = "", port] = whereto(message.url ?? "").split(":");
    const onward: Socket = connect(Number(port), hostname);
    sockets.add(onward);
    onward.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\nvia: 1.1 test\r\n\r\n");
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.once("close", () => onward.destroy());
  }

  const server: Server = options.tls === undefined ? createServer(pass) : createTlsServer(options.tls, pass);
  server.on("connect", tunnel);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
