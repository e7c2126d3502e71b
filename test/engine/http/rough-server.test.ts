import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ImagesyncError } from "../../../engine/errors.ts";
import { type TestClient, testClient } from "./test-client.ts";

/** What the server does with a request, by the word in its header `x-do`; `id` is what its answer is about. */
const deeds: Readonly<Record<string, (socket: Socket, id: string, isHead: boolean) => unknown>> = {
  answer: (socket, id, isHead) => socket.write(headOf(id, 9000) + (isHead ? "" : id.repeat(3000))),
  answerLate: async (socket, id, isHead) => {
    for (let turns = 0; turns < 12; turns += 1) await turn();
    socket.write(headOf(id, 3) + (isHead ? "" : id));
  },
  answerAndClose: (socket, id, isHead) => socket.end(headOf(id, 3) + (isHead ? "" : id)),
  bodyToHead: async (socket, id) => {
    socket.write(headOf(id, id.length));
    await turn();
    socket.write(id);
  },
  chunks: async (socket, id, isHead) => {
    socket.write(`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    if (isHead) return;
    for (let time = 0; time < 3; time += 1) {
      socket.write(`3\r\n${id}\r\n`);
      await turn();
    }
    socket.write("0\r\n\r\n");
  },
  refuseAndClose: (socket, id) => {
    socket.write(`HTTP/1.1 413 Too Large\r\nX-Id: ${id}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  },
  breakOff: (socket, id) => {
    socket.write(headOf(id, 9000) + id);
    socket.destroySoon();
  },
  breakHead: (socket) => socket.end("HTTP/1.1 200 OK\r\nX-"),
  close: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  nothing: () => undefined,
};

function headOf(id: string, bytes: number): string {
  return `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nContent-Length: ${bytes}\r\n\r\n`;
}

/** What comes on a connection: heads, and behind each a body of as many bytes as it says. */
function serve(socket: Socket): void {
  let arrived = "";
  let body = 0;
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    arrived += bytes.toString("latin1");
    for (;;) {
      const skipped = Math.min(body, arrived.length);
      body -= skipped;
      arrived = arrived.slice(skipped);
      const end = arrived.indexOf("\r\n\r\n");
      if (body > 0 || end < 0) return;
      const head = arrived.slice(0, end);
      arrived = arrived.slice(end + 4);
      body = Number(/^content-length: (\d+)/m.exec(head)?.[1] ?? 0);
      const [, deed = "", id = ""] = /^x-do: (\w+) (\d+)/m.exec(head) ?? [];
      void deeds[deed]?.(socket, id, head.startsWith("HEAD"));
    }
  });
}

const request = fc.record({
  deed: fc.constantFrom(...Object.keys(deeds)),
  method: fc.constantFrom("GET", "GET", "HEAD", "PUT", "DELETE"),
  kind: fc.constantFrom("blob", "control"),
  bytes: fc.constantFrom(0, 10, 100_000, 300_000),
  repeatable: fc.boolean(),
  buffered: fc.boolean(),
  /** After so many turns of the event loop. */
  stop: fc.option(fc.nat(12), { nil: undefined }),
  givesUp: fc.boolean(),
});
type Rough = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Sends it and tells what was wrong with the answer; an error that is one of ours is an answer too. */
async function faultOf(http: TestClient, host: string, rough: Rough, id: string): Promise<string | undefined> {
  const { deed, method, kind, bytes, repeatable, buffered, stop, givesUp } = rough;
  const stopping = new AbortController();
  const content = Buffer.alloc(bytes);
  const open = (): Uint8Array | Readable =>
    buffered ? content : Readable.from(bytes === 0 ? [] : [content.subarray(0, 5), content.subarray(5)]);
  const sending = http.send(host, "/v2/", {
    method,
    kind,
    headers: { "x-do": `${deed} ${id}` },
    signal: stopping.signal,
    ...(method === "PUT" ? { body: { bytes, repeatable, open } } : {}),
  });
  const answered = (async () => {
    const { headers, body } = await sending;
    if (headers.get("x-id") !== id) return `the answer to another: ${headers.get("x-id")} for ${id}`;
    if (givesUp) body.destroy();
    else if ((await text(body)).replaceAll(id, "") !== "") return "the body of another";
    return undefined;
  })().catch((error: unknown) => (error instanceof ImagesyncError ? undefined : String(error)));
  if (stop === undefined) return await answered;
  for (let turns = 0; turns < stop; turns += 1) await turn();
  stopping.abort();
  return await answered;
}

test("whatever a server does and whoever is stopped, each gets his own answer or an error, and no connection stays", async () => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const property = fc.asyncProperty(
    fc.array(request, { maxLength: 25 }),
    fc.integer({ min: 1, max: 6 }),
    async (all, maxConnections) => {
      const http = testClient({
        registries: [{ address: host, plainHttp: true, maxConnections }],
        timeouts: { headersMs: 40, uploadHeadersMs: 40, idleMs: 40 },
        retry: { attempts: 2 },
      });
      const faults = await Promise.all(all.map((one, at) => faultOf(http, host, one, String(100 + at))));
      await http.client.close();
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
      expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    },
  );
  await fc.assert(property, { numRuns: 25 });
  server.close();
  await once(server, "close");
});
