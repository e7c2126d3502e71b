import { createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { type DelayLink, delayLink } from "../../bench/delay-link.ts";
import { layerBlob } from "../support/images/index.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server behind a link of four milliseconds. */
async function behindLink(onConnection: (socket: net.Socket) => void): Promise<net.Socket> {
  const server = net.createServer({ allowHalfOpen: true }, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const link: DelayLink = await delayLink(`127.0.0.1:${(server.address() as net.AddressInfo).port}`, 4);
  cleanups.push(() => link.close());
  const [host = "", port = ""] = link.host.split(":");
  const socket = net.connect({ host, port: Number(port), allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  return socket;
}

const blob = layerBlob("through the link", 20_000_000);

test("megabytes come through unchanged and in order, and the end of the stream after them", async () => {
  const socket = await behindLink((client) => {
    const hash = createHash("sha256");
    client.on("data", (piece: Buffer) => hash.update(piece));
    client.once("end", () => client.end(hash.digest("hex")));
  });
  for (const piece of blob.open()) {
    if (!socket.write(piece)) await once(socket, "drain");
  }
  socket.end();
  const answer: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) answer.push(piece);
  expect(`sha256:${Buffer.concat(answer).toString()}`).toBe(blob.digest);
});

test("a slow reader gets everything too", async () => {
  const socket = await behindLink((client) => {
    for (const piece of blob.open()) client.write(piece);
    client.end();
  });
  const hash = createHash("sha256");
  let bytes = 0;
  for (;;) {
    await once(socket, "readable");
    const piece = socket.read() as Buffer | null;
    if (piece === null) break;
    hash.update(piece);
    bytes += piece.length;
  }
  expect(bytes).toBe(blob.size);
  expect(`sha256:${hash.digest("hex")}`).toBe(blob.digest);
});

test("when the server breaks off, so does the link", async () => {
  const socket = await behindLink((client) => {
    client.on("error", () => undefined);
    client.once("data", () => client.resetAndDestroy());
  });
  const closed = once(socket, "close");
  socket.write("hello");
  await expect(closed).rejects.toThrow(/ECONNRESET/);
});
