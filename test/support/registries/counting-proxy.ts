import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { routeKind } from "../../../embedded-registry/index.ts";
import { delayed } from "./delay-line.ts";
import { listen } from "./listening-server.ts";

/** A proxy in front of a plain HTTP registry that counts what passes. */
export interface CountingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  /** How many requests there were of each sort, for example `{ "HEAD blob": 3, "POST upload": 1 }`. */
  counts(): Record<string, number>;
  /** All requests together. */
  total(): number;
  /** Connections that clients have opened. */
  connections(): number;
  /** Bytes of bodies from clients to the registry. */
  bytesUp(): number;
  /** Bytes of bodies from the registry to clients. */
  bytesDown(): number;
  reset(): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy that changes nothing: method, path, headers (`Host` too, from which docker-registry makes the addresses
 * in its answers, so clients come back here) and bodies pass as they are.
 * With `delayMs`, everything takes that long in each direction, and the first request of a connection one round trip
 * more, for its handshake; bandwidth stays what it is.
 */
export async function countingProxy(targetHost: string, options: { delayMs?: number } = {}): Promise<CountingProxy> {
  const delayMs = options.delayMs ?? 0;
  const [hostname = "", port = ""] = targetHost.split(":");
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();
  const used = new WeakSet<Socket>();
  let connections = 0;
  let bytesUp = 0;
  let bytesDown = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", rawHeaders, socket } = request;
    const key = `${method} ${routeKind(url.split("?")[0] ?? "")}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    await wait(used.has(socket) ? delayMs : 3 * delayMs);
    used.add(socket);

    const onward = httpRequest({
      agent,
      hostname,
      port,
      method,
      path: url,
      headers: rawHeaders,
      setDefaultHeaders: false,
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once("response", resolve);
      onward.once("error", reject);
    });
    // The answer may come before the body is through, for example a refusal: both are waited for, in no order.
    const sent = pipeline(
      count(request, (bytes) => (bytesUp += bytes)),
      delayed(delayMs),
      onward,
    );
    sent.catch(() => {});
    response.once("close", () => {
      if (!response.writableFinished) onward.destroy();
    });
    const answer = await answered;
    await wait(delayMs);
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    await pipeline(
      count(answer, (bytes) => (bytesDown += bytes)),
      delayed(delayMs),
      response,
    );
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => {
      // One side is gone: the other one learns it the same way.
      response.destroy();
    });
  });
  server.on("connection", () => (connections += 1));
  server.requestTimeout = 0;
  server.keepAliveTimeout = 75_000;
  const listening = await listen(server);
  return {
    host: listening.host,
    url: `http://${listening.host}`,
    counts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    connections: () => connections,
    bytesUp: () => bytesUp,
    bytesDown: () => bytesDown,
    reset() {
      counts.clear();
      connections = 0;
      bytesUp = 0;
      bytesDown = 0;
    },
    async close() {
      await listening.close();
      agent.destroy();
    },
  };
}

function count<T extends Readable>(stream: T, onBytes: (bytes: number) => void): T {
  stream.on("data", (chunk: Buffer) => onBytes(chunk.length));
  return stream;
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
