import { expect, test } from "vitest";
import { json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

test("a storm of answers 429 reaches everybody in the end, with fewer at a time", async () => {
  let running = 0;
  let most = 0;
  let complaints = 0;
  await using server = await startServer(async (_, response) => {
    running += 1;
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, running);
    const tooMany = running > 4;
    running -= 1;
    if (!tooMany) return response.end("ok");
    complaints += 1;
    return json(response, 429, {});
  });
  await using http = testClient({
    registries: [{ address: server.host, plainHttp: true, maxConnections: 32 }],
    retry: { attempts: 30, baseDelayMs: 1, maxDelayMs: 5 },
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => http.send(server.host, "/v2/")));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(most).toBeGreaterThan(4);
  expect(complaints).toBeGreaterThan(0);
  // Later requests find the number the host can bear; without that nearly all of them would be refused at first.
  expect(complaints).toBeLessThan(100);
});

test("a host that wants to be left alone for hours is asked once, and others are told at once until when", async () => {
  await using server = await startServer((_, response) => json(response, 429, {}, { "retry-after": "21600" }));
  await using http = testClient({ plain: [server.host] });
  expect((await http.send(server.host, "/v2/")).status).toBe(429);
  for (let round = 0; round < 3; round += 1) {
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({
      code: "rate-limited",
      message: expect.stringMatching(/ has asked to be left alone until \d{4}-/),
      hint: expect.stringContaining("360 minutes"),
    });
  }
  expect(server.requests).toHaveLength(1);
});

test("so is a host that says so with a date", async () => {
  const at = new Date(Date.now() + 3_600_000).toUTCString();
  await using server = await startServer((_, response) => json(response, 503, {}, { "retry-after": at }));
  await using http = testClient({ plain: [server.host] });
  expect((await http.send(server.host, "/v2/")).status).toBe(503);
  await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "rate-limited" });
});

test("another host is not held up by it", async () => {
  await using one = await startServer((_, response) => json(response, 429, {}, { "retry-after": "21600" }));
  await using two = await startServer((_, response) => response.end("ok"));
  await using http = testClient({ plain: [one.host, two.host] });
  expect((await http.send(one.host, "/v2/")).status).toBe(429);
  expect((await http.send(two.host, "/v2/")).status).toBe(200);
});
