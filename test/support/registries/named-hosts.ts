import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TestCertificates } from "./certificates.ts";
import { listen } from "./listening-server.ts";

/** Servers of this machine under the names of others, for programs that are told of a proxy. */
export interface NamedHosts {
  /** `127.0.0.1:PORT` of the proxy. */
  readonly host: string;
  /** Names that were asked for and are nobody's here. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts a proxy that knows these names and no others: a tunnel to one of them ends here, in TLS with the given
 * certificate, and its requests go on in plain HTTP to what stands for it, with the name that was asked in `Host`.
 * @param hosts name to `127.0.0.1:PORT`
 */
export async function nameHosts(
  hosts: ReadonlyMap<string, string>,
  { cert, key }: Pick<TestCertificates, "cert" | "key">,
): Promise<NamedHosts> {
  const strangers: string[] = [];
  const sockets = new Set<Duplex>();
  const inside = createTlsServer({ cert, key, keepAliveTimeout: 75_000 }, (request, response) => {
    // One side is gone: the other one learns it the same way.
    pass(request, response, hosts.get(request.headers.host ?? "")).catch(() => response.destroy());
  });
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket) => {
    const name = (request.url ?? "").replace(/:443$/, "");
    if (!hosts.has(name)) {
      strangers.push(name);
      socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    inside.emit("connection", socket);
  });
  const listening = await listen(proxy);
  return {
    host: listening.host,
    strangers,
    async close() {
      for (const socket of sockets) socket.destroy();
      await listening.close();
    },
  };
}

async function pass(request: IncomingMessage, response: ServerResponse, host: string | undefined): Promise<void> {
  const { method = "", url = "", rawHeaders } = request;
  const [hostname = "", port = ""] = (host ?? "").split(":");
  // The registry makes the addresses of its answers from these.
  const headers = [...rawHeaders, "x-forwarded-proto", "https"];
  const onward = httpRequest({ hostname, port, method, path: url, headers, setDefaultHeaders: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
  // The answer may come before the body is through, for example a refusal: both are waited for, in no order.
  pipeline(request, onward).catch(() => {});
  response.once("close", () => {
    if (!response.writableFinished) onward.destroy();
  });
  const answer = await answered;
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  await pipeline(answer, response);
}
