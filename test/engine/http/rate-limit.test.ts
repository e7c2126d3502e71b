import { describe, expect, test } from "vitest";
import { parseRateLimit } from "../../../engine/http/rate-limit.ts";
import { json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

describe("what a registry says of its limit", () => {
  test.each([
    ["100;w=21600", "76;w=21600", { limit: 100, remaining: 76, windowMs: 21_600_000 }],
    ["200, 200;w=60", "0", { limit: 200, remaining: 0, windowMs: 60_000 }],
    [" 5 ", "5", { limit: 5, remaining: 5, windowMs: undefined }],
  ])("%j and %j are read", (limit, remaining, expected) => {
    const headers = new Map(Object.entries({ "ratelimit-limit": limit, "ratelimit-remaining": remaining }));
    expect(parseRateLimit(headers, 7)).toEqual({ ...expected, observedAtMs: 7 });
  });

  test.each([
    [undefined, "1"],
    ["1", undefined],
    ["", ""],
    ["-1", "1"],
    ["many", "1"],
    ["100w=60", "1"],
    ["9".repeat(40), "1"],
    ["1".repeat(1_000_000), "1"],
  ])("%.20j and %j are not", (limit, remaining) => {
    const headers = new Map<string, string>();
    if (limit !== undefined) headers.set("ratelimit-limit", limit);
    if (remaining !== undefined) headers.set("ratelimit-remaining", remaining);
    expect(parseRateLimit(headers, 0)).toBeUndefined();
  });
});

test("the latest word of each registry can be asked for, and little left is told once", async () => {
  let remaining = 100;
  await using server = await startServer((_, response) => {
    remaining -= 45;
    const left = Math.max(0, remaining);
    json(response, 200, {}, { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": `${left};w=21600` });
  });
  await using http = testClient({ plain: [server.host] });
  expect(http.client.rateLimit(server.host)).toBeUndefined();
  await http.send(server.host, "/v2/");
  expect(http.client.rateLimit(server.host)).toMatchObject({ limit: 100, remaining: 55, windowMs: 21_600_000 });
  expect(http.events).toEqual([]);
  await http.send(server.host, "/v2/");
  await http.send(server.host, "/v2/");
  await http.send(server.host, "/v2/");
  expect(http.client.rateLimit(server.host)?.remaining).toBe(0);
  expect(http.events).toEqual([
    { kind: "warning", about: "rate-limit", message: `${server.host} allows 10 more of 100 requests in 360 minutes` },
  ]);
  expect(http.client.rateLimit("another.example")).toBeUndefined();
});

test("what another host says does not count as the registry's word", async () => {
  await using storage = await startServer((_, response) =>
    json(response, 200, {}, { "ratelimit-limit": "1", "ratelimit-remaining": "0" }),
  );
  await using server = await startServer((_, response) => response.writeHead(307, { location: storage.url }).end());
  await using http = testClient({ plain: [server.host, storage.host] });
  await http.send(server.host, "/v2/");
  expect(http.client.rateLimit(server.host)).toBeUndefined();
});
