import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { Bandwidth } from "../../../engine/http/bandwidth.ts";
import { Cadence } from "../../../engine/http/cadence.ts";
import type { Clock } from "../../../engine/http/clock.ts";
import { startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

/** Time that passes only when somebody sleeps: then it jumps. */
function jumpingClock(): Clock & { readonly sleeps: number[]; readonly elapsed: () => number } {
  let now = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    elapsed: () => now,
    now: () => now,
    sleep: (ms) => {
      sleeps.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

const never = new AbortController().signal;

describe("requests_per_second", () => {
  test("spreads requests evenly, and those of other hosts go on", async () => {
    await using slow = await startServer((_, response) => response.end());
    await using fast = await startServer((_, response) => response.end());
    const clock = jumpingClock();
    await using http = testClient({
      clock,
      plain: [fast.host],
      registries: [{ address: slow.host, plainHttp: true, requestsPerSecond: 4 }],
    });
    for (let times = 0; times < 4; times += 1) await http.send(slow.host, "/v2/");
    expect(clock.sleeps).toEqual([250, 250, 250]);
    await http.send(fast.host, "/v2/");
    await http.send(fast.host, "/v2/");
    expect(clock.sleeps).toHaveLength(3);
  });

  test("counts retries too", async () => {
    await using server = await startServer((_, response) => response.writeHead(500).end());
    const clock = jumpingClock();
    await using http = testClient({
      clock,
      retry: { attempts: 3 },
      registries: [{ address: server.host, plainHttp: true, requestsPerSecond: 0.5 }],
    });
    await http.send(server.host, "/v2/");
    expect(clock.sleeps).toEqual([2000, 2000]);
  });

  test("time that nobody has used is not saved up", async () => {
    const clock = jumpingClock();
    const cadence = new Cadence(10, clock);
    await cadence.turn(never);
    await clock.sleep(10_000, never);
    await cadence.turn(never);
    await cadence.turn(never);
    expect(clock.sleeps).toEqual([10_000, 100]);
  });
});

describe("max_bandwidth", () => {
  const size = 1_000_000;
  const chunk = Buffer.alloc(10_000, "x");

  test("holds for what is received", async () => {
    await using server = await startServer((_, response) => response.end(Buffer.alloc(size, "x")));
    const clock = jumpingClock();
    await using http = testClient({ clock, plain: [server.host], maxBandwidth: 100_000 });
    const { body } = await http.send(server.host, "/v2/", { kind: "blob" });
    let bytes = 0;
    for await (const part of body) bytes += (part as Buffer).byteLength;
    expect(bytes).toBe(size);
    // 10 s of the full rate, without what may pass at once and the last chunk, which nobody waits for.
    expect(clock.elapsed()).toBeGreaterThan(8500);
    expect(clock.elapsed()).toBeLessThanOrEqual(10_000);
  });

  test("holds for what is sent, from a stream and at once", async () => {
    await using server = await startServer((_, response) => response.writeHead(201).end());
    const clock = jumpingClock();
    await using http = testClient({ clock, plain: [server.host], maxBandwidth: 100_000 });
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < size; sent += chunk.byteLength) yield chunk;
    }
    const send = (open: () => AsyncIterable<Uint8Array> | Uint8Array, bytes: number): Promise<unknown> =>
      http.send(server.host, "/v2/", { method: "PUT", kind: "blob", body: { bytes, open, repeatable: true } });
    await send(stream, size);
    expect(server.requests[0]?.body.byteLength).toBe(size);
    expect(clock.elapsed()).toBeGreaterThan(9500);
    expect(clock.elapsed()).toBeLessThanOrEqual(10_000);
    const before = clock.elapsed();
    await send(() => chunk, chunk.byteLength);
    await send(() => chunk, chunk.byteLength);
    expect(clock.elapsed() - before).toBeCloseTo(200);
  });

  test("is one for both directions and all registries", async () => {
    const clock = jumpingClock();
    const bandwidth = new Bandwidth(1000, clock);
    await bandwidth.take(1000, never);
    await bandwidth.take(1000, never);
    await bandwidth.take(1, never);
    expect(clock.elapsed()).toBe(2000 - 250);
  });

  test("a body is not read faster than it may be passed on, and its source ends with it", async () => {
    let destroyed = 0;
    await using server = await startServer((_, response) => {
      response.on("close", () => (destroyed += 1));
      response.writeHead(200, { "content-length": size * 100 });
      response.write(chunk);
    });
    await using http = testClient({ plain: [server.host], maxBandwidth: 1 });
    const { body } = await http.send(server.host, "/v2/", { kind: "blob" });
    const closed = new Promise((resolve) => body.once("close", resolve));
    body.destroy();
    await closed;
    await expect.poll(() => destroyed).toBe(1);
  });

  test("a stop ends the waiting", async () => {
    await using server = await startServer((_, response) => response.end(Buffer.alloc(size, "x")));
    await using http = testClient({ plain: [server.host], maxBandwidth: 1 });
    const stop = new AbortController();
    const { body } = await http.send(server.host, "/v2/", { kind: "blob", signal: stop.signal });
    const read = buffer(body);
    stop.abort();
    await expect(read).rejects.toMatchObject({ code: "aborted" });
  });
});
