import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Line, type Receiver } from "../../../engine/http/line.ts";

/** A connection on which a test says what arrives, and in which pieces. */
function connection(): { socket: Socket; arrive: (bytes: string) => void; calls: string[] } {
  const calls: string[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      calls.push(chunk.toString("latin1"));
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => (chunk as Buffer).toString("latin1")).join(""));
      done();
    },
  });
  const socket = Object.assign(stream, { ref: () => socket, unref: () => socket }) as unknown as Socket;
  return { socket, arrive: (bytes) => stream.emit("data", Buffer.from(bytes, "latin1")), calls };
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

describe("interim answers", () => {
  const interim = "HTTP/1.1 100\r\n\r\n";
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

  test("may be many, together or not, and the answer behind them is the answer, each time", () => {
    const { socket, arrive } = connection();
    const { receiver, told } = listener();
    const line = new Line(socket, events);
    line.begin({ ...get, receiver });
    arrive(interim.repeat(1000) + answer);
    line.begin({ ...get, receiver });
    for (let time = 0; time < 1000; time += 1) arrive(interim);
    arrive(answer);
    line.end();
    expect(told).toEqual([200, "abc", "end", 200, "abc", "end"]);
  });

  test.each([
    ["together", [interim.repeat(2000)]],
    ["one by one", Array.from({ length: 2000 }, () => interim)],
    ["cut in the middle", [...interim.repeat(2000).matchAll(/[^]{1,23}/g)].map(String)],
  ])("are no answer when they do not end: %s", (_, pieces) => {
    const { socket, arrive } = connection();
    const { receiver, told } = listener();
    const line = new Line(socket, events);
    line.begin({ ...get, receiver });
    for (const piece of pieces) arrive(piece);
    expect(told).toMatchObject([{ code: "IMAGESYNC_NOT_HTTP" }]);
    expect(line.hasEnded).toBe(true);
  });
});

describe("a head is sent in one call with what comes behind it", () => {
  const put = { ...get, method: "PUT", head: "PUT / HTTP/1.1\r\n\r\n" };
  const long = "x".repeat(100_000);

  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    yield Buffer.from("def");
  }

  test.each([
    ["nothing", undefined, [put.head]],
    ["a short content", Buffer.from("abc"), [`${put.head}abc`]],
    ["a long content", Buffer.from(long), [put.head + long]],
    ["the first piece of a stream", pieces(), [`${put.head}abc`, "def"]],
  ])("%s", async (_, content, sent) => {
    const { socket, arrive, calls } = connection();
    const { receiver, told } = listener();
    const line = new Line(socket, events);
    line.begin({ ...put, content, receiver });
    while (calls.length < sent.length) await turn();
    arrive("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    line.end();
    expect(calls).toEqual(sent);
    expect(told).toEqual([201, "end"]);
  });
});
