import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { Throughput } from "../../../engine/http/throughput.ts";
import { gone, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

const quick = { throughputWindowMs: 50, minBytesPerSecond: 100_000 };
const content = Buffer.alloc(1_000_000);

/** Lets simulated time pass while a script runs: each step waits or works for so long. */
function judged(steps: (throughput: Throughput) => void): string | undefined {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    let verdict: string | undefined;
    const throughput = new Throughput({ minBytesPerSecond: 10, windowMs: 1000 }, (error) => {
      verdict ??= error.message;
    });
    steps(throughput);
    throughput.end();
    expect(vi.getTimerCount()).toBe(0);
    return verdict;
  } finally {
    vi.useRealTimers();
  }
}

describe("the other side of a body", () => {
  test("is too slow when it moves less than it must in a window of waiting", () => {
    const verdict = judged((throughput) => {
      for (let second = 0; second < 20; second += 1) {
        throughput.wait();
        vi.advanceTimersByTime(500);
        throughput.moved(1);
      }
    });
    expect(verdict).toBe("less than 10 bytes a second over 1 s");
  });

  test("is not when it is quick enough, however long it takes", () => {
    const verdict = judged((throughput) => {
      for (let second = 0; second < 1000; second += 1) {
        throughput.wait();
        vi.advanceTimersByTime(500);
        throughput.moved(20);
      }
    });
    expect(verdict).toBeUndefined();
  });

  test("is not when we are the slow ones", () => {
    const verdict = judged((throughput) => {
      for (let second = 0; second < 100; second += 1) {
        throughput.wait();
        vi.advanceTimersByTime(10);
        throughput.moved(1);
        vi.advanceTimersByTime(100_000);
      }
    });
    expect(verdict).toBeUndefined();
  });

  test("has for a large chunk the time that it takes, and no more", () => {
    expect(
      judged((throughput) => {
        throughput.wait(100);
        vi.advanceTimersByTime(9900);
        throughput.moved(100);
      }),
    ).toBeUndefined();
    expect(
      judged((throughput) => {
        throughput.wait(100);
        vi.advanceTimersByTime(12_000);
      }),
    ).toBe("less than 10 bytes a second over 11 s");
  });
});

test("a download that trickles is given up, and goes on over a new connection", async () => {
  await using server = await startServer((request, response) => {
    if (request.headers.range !== undefined) {
      const offset = Number(/\d+/.exec(request.headers.range)?.[0]);
      const range = `bytes ${offset}-${content.length - 1}/${content.length}`;
      return response.writeHead(206, { "content-range": range }).end(content.subarray(offset));
    }
    response.writeHead(200, { "content-length": String(content.length) });
    const timer = setInterval(() => response.write("x"), 10);
    return response.once("close", () => clearInterval(timer));
  });
  await using http = testClient({ plain: [server.host], timeouts: quick });
  const { body } = await http.send(server.host, "/blob", { kind: "blob", expectedBytes: content.length });
  expect(Buffer.concat((await body.toArray()) as Buffer[])).toHaveLength(content.length);
  expect(server.requests).toHaveLength(2);
  await gone(server.requests[0]);
});

test("a download whose reader takes its time is left alone", async () => {
  await using server = await startServer((_, response) => response.end(content));
  await using http = testClient({ plain: [server.host], timeouts: quick });
  const { body } = await http.send(server.host, "/blob", { kind: "blob" });
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    // Longer than the window, twice.
    if (bytes < 100_000) await new Promise((resolve) => setTimeout(resolve, 60));
    bytes += chunk.length;
  }
  expect(bytes).toBe(content.length);
});

test("an upload that nobody takes ends", async () => {
  await using server = await startServer(
    (request, response) => {
      if (request.method === "PUT") request.message.pause();
      else response.end();
    },
    { readBodies: false },
  );
  await using http = testClient({
    plain: [server.host],
    timeouts: { throughputWindowMs: 50, minBytesPerSecond: 10_000_000 },
  });
  await http.send(server.host, "/v2/");
  const source = new Readable({
    read() {
      this.push(Buffer.alloc(64 * 1024));
    },
  });
  const body = { bytes: 1e12, repeatable: false, open: () => source };
  await expect(http.send(server.host, "/upload", { method: "PUT", kind: "blob", body })).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("hardly moved"),
  });
  expect(source.destroyed).toBe(true);
});

test("an upload that waits for its source is left alone", async () => {
  await using server = await startServer((request, response) => response.end(String(request.body.length)));
  await using http = testClient({ plain: [server.host], timeouts: quick });
  await http.send(server.host, "/v2/");
  const open = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from("a");
    await new Promise((resolve) => setTimeout(resolve, 120));
    yield Buffer.from("b");
  };
  const body = { bytes: 2, repeatable: false, open };
  expect((await http.send(server.host, "/upload", { method: "PUT", kind: "blob", body })).status).toBe(200);
});
