import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Line, type Receiver } from "../../../engine/http/line.ts";

/** A connection on which a test says what arrives, and in which pieces. */
function connection(): { socket: Socket; arrive: (bytes: string) => void } {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const socket = Object.assign(stream, { ref: () => socket, unref: () => socket }) as unknown as Socket;
  return { socket, arrive: (bytes) => stream.emit("data", Buffer.from(bytes, "latin1")) };
}

/** What a receiver was told, in order. */
function listener(): { receiver: Receiver; told: unknown[] } {
  const told: unknown[] = [];
  const receiver: Receiver = {
    isWanted: true,
    onStart: () => undefined,
    onHead: (status) => told.push(status),
    onContent: (content) => told.push(content.toString("latin1")),
    onEnd: () => told.push("end"),
    onError: (error) => told.push(error),
  };
  return { receiver, told };
}

const get = { method: "GET", head: "GET / HTTP/1.1\r\n\r\n", content: undefined, headersMs: 60_000, idleMs: 60_000 };
const events = { onRest: () => undefined, onUnaskedBody: () => undefined, onEnd: () => undefined };

test("however many interim answers arrive at once, the answer behind them is the answer", () => {
  const { socket, arrive } = connection();
  const { receiver, told } = listener();
  const line = new Line(socket, events);
  line.begin({ ...get, receiver });
  arrive(`${"HTTP/1.1 100\r\n\r\n".repeat(100_000)}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc`);
  line.end();
  expect(told).toEqual([200, "abc", "end"]);
});
