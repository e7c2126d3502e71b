import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { gone, json, type Script, startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";
import { startTokenRegistry } from "./token-server.ts";

/** Writes raw bytes to the peer and closes. */
const raw =
  (text: string): Script =>
  ({ message }) =>
    message.socket.end(text);

const reset: Script = ({ message }) => message.socket.resetAndDestroy();

/** The first `times` requests get `fault`, later ones a good answer. */
const until = (times: number, fault: Script): Script => {
  let count = 0;
  return (request, response) => {
    count += 1;
    return count <= times ? fault(request, response) : response.end("good");
  };
};

const truncated: Script = (_, response) => {
  response.writeHead(200, { "content-length": "100" });
  response.write("half", () => response.destroy());
};

describe("a control request recovers from", () => {
  test.each<[string, Script]>([
    ["a reset before the answer", reset],
    ["a connection that ends without an answer", ({ message }) => message.socket.end()],
    ["headers that break off", raw("HTTP/1.1 200 OK\r\nContent-Le")],
    ["an answer that breaks off", truncated],
    ["a chunked answer that breaks off", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")],
    ["500", (_, response) => json(response, 500, {})],
    ["502 with a page", (_, response) => response.writeHead(502).end("<html>")],
    [
      "429 with a date in the past",
      (_, response) => json(response, 429, {}, { "retry-after": "Thu, 01 Jan 2015 00:00:00 GMT" }),
    ],
  ])("%s", async (_, fault) => {
    await using server = await startServer(until(2, fault));
    await using http = testClient({ plain: [server.host] });
    const response = await http.send(server.host, "/v2/app/manifests/1");
    expect(response).toMatchObject({ status: 200, attempts: 3 });
    expect(await bodyOf(response)).toBe("good");
    expect(http.events.filter(({ kind }) => kind === "retry")).toHaveLength(2);
  });
});

describe("a control request ends with a clear error for", () => {
  test.each<[string, string, Script]>([
    ["resets without end", "unavailable", reset],
    ["truncation without end", "unavailable", truncated],
    ["something that is not HTTP", "protocol", raw("SSH-2.0-OpenSSH_9.2\r\n")],
    ["headers without end", "protocol", raw(`HTTP/1.1 200 OK\r\nX-Long: ${"a".repeat(100_000)}\r\n\r\n`)],
    [
      "two different lengths",
      "unavailable",
      raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ],
    [
      "a length and chunks at once",
      "unavailable",
      raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    ],
    ["a redirect to nowhere", "protocol", (_, response) => response.writeHead(307, { location: "http://[" }).end()],
    [
      "a redirect to itself",
      "redirect-refused",
      (request, response) => response.writeHead(307, { location: request.url }).end(),
    ],
    [
      "a redirect to a file",
      "redirect-refused",
      (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    ],
  ])("%s", async (_, code, fault) => {
    await using server = await startServer(fault);
    await using http = testClient({ plain: [server.host], retry: { attempts: 3 } });
    await expect(http.send(server.host, "/v2/app/manifests/1")).rejects.toMatchObject({
      code,
      operation: "get manifest",
      registry: server.host,
    });
    expect(server.requests.length).toBe(code === "unavailable" ? 3 : 1);
  });

  test("an answer without end", async () => {
    await using server = await startServer((_, response) => pour(response, 40 * 1024 * 1024));
    await using http = testClient({ plain: [server.host] });
    await expect(http.send(server.host, "/v2/app/tags/list")).rejects.toMatchObject({ code: "limit" });
    await gone(server.requests[0]);
  });

  test("nobody listening", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const host = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
    closed.close();
    await once(closed, "close");
    await using http = testClient({ plain: [host], retry: { attempts: 2 } });
    await expect(http.send(host, "/v2/")).rejects.toMatchObject({
      code: "unavailable",
      attempts: 2,
      message: `Cannot get manifest at ${host}: the connection was refused (ECONNREFUSED)`,
    });
  });

  test("headers that never come", async () => {
    await using server = await startServer(() => {});
    await using http = testClient({ plain: [server.host], timeouts: { headersMs: 30 }, retry: { attempts: 2 } });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "timeout", attempts: 2 });
  });

  test("a body that stops in the middle", async () => {
    await using server = await startServer((_, response) =>
      response.writeHead(200, { "content-length": "10" }).write("half"),
    );
    await using http = testClient({ plain: [server.host], timeouts: { idleMs: 30 }, retry: { attempts: 2 } });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "timeout", attempts: 2 });
  });

  test("one that takes longer than its deadline, pauses included", async () => {
    await using server = await startServer((_, response) => json(response, 503, {}, { "retry-after": "60" }));
    await using http = testClient({ plain: [server.host], timeouts: { controlMs: 30 } });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({
      code: "timeout",
      registry: server.host,
      message: expect.stringContaining(`at ${server.host}: it took longer than`) as string,
    });
  });
});

/** Writes so many bytes at the pace of the reader, who may leave. */
async function pour(response: ServerResponse, bytes: number): Promise<void> {
  const chunks = function* (): Generator<Buffer> {
    const chunk = Buffer.alloc(64 * 1024, "x");
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
  };
  await pipeline(Readable.from(chunks()), response).catch(() => {});
}

test("of an error page only the beginning is kept", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(404);
    return pour(response, 1024 * 1024);
  });
  await using http = testClient({ plain: [server.host] });
  const response = await http.send(server.host, "/v2/", { kind: "blob" });
  expect(response.status).toBe(404);
  expect((await bodyOf(response)).length).toBe(64 * 1024);
});

test("an answer that nobody reads holds no connection", async () => {
  await using server = await startServer((_, response) => response.writeHead(404).end("not here"));
  await using http = testClient({ registries: [{ address: server.host, plainHttp: true, maxConnections: 1 }] });
  for (let index = 0; index < 5; index += 1) {
    expect((await http.send(server.host, "/v2/", { kind: index % 2 === 0 ? "blob" : "control" })).status).toBe(404);
  }
});

test("a streamed answer holds its slot until it has been read", async () => {
  await using server = await startServer((request, response) =>
    response.end(request.url === "/big" ? "x".repeat(5_000_000) : "small"),
  );
  await using http = testClient({ registries: [{ address: server.host, plainHttp: true, maxConnections: 1 }] });
  const big = await http.send(server.host, "/big", { kind: "blob" });
  const small = http.send(server.host, "/small");
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.requests).toHaveLength(1);
  expect((await bodyOf(big)).length).toBe(5_000_000);
  expect(await bodyOf(await small)).toBe("small");
});

test("a streamed answer given up in the middle frees slot and connection", async () => {
  await using server = await startServer((_, response) => pour(response, 50_000_000));
  await using http = testClient({ registries: [{ address: server.host, plainHttp: true, maxConnections: 1 }] });
  for (let round = 0; round < 3; round += 1) {
    const { body } = await http.send(server.host, "/big", { kind: "blob" });
    await once(body, "readable");
    body.destroy();
    await gone(server.requests.at(-1));
  }
  expect(server.requests).toHaveLength(3);
});

test("a streamed answer that breaks off is an error of ours, and not retried behind the reader's back", async () => {
  await using server = await startServer(truncated);
  await using http = testClient({ plain: [server.host] });
  const { body } = await http.send(server.host, "/blob", { kind: "blob" });
  await expect(body.toArray()).rejects.toMatchObject({
    code: "unavailable",
    operation: "get manifest",
    registry: server.host,
  });
  expect(server.requests).toHaveLength(1);
});

test("after a 429 nobody goes to the host until the pause is over", async () => {
  let open = false;
  await using server = await startServer((request, response) => {
    if (request.url === "/first" && !open) return json(response, 429, {}, { "retry-after": "1" });
    return response.end(String(open));
  });
  await using http = testClient({ plain: [server.host] });
  const first = http.send(server.host, "/first");
  while (!http.events.some(({ kind }) => kind === "throttled")) await new Promise((resolve) => setImmediate(resolve));
  const others = [1, 2, 3].map((number) => http.send(server.host, `/${number}`));
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.requests).toHaveLength(1);
  open = true;
  for (const response of await Promise.all([first, ...others])) expect(await bodyOf(response)).toBe("true");
});

test("statistics count every request and the bytes of bodies", async () => {
  await using server = await startServer((request, response) =>
    request.url === "/moved" ? response.writeHead(307, { location: "/" }).end("12345") : response.end("1234567890"),
  );
  await using http = testClient({ plain: [server.host] });
  await http.send(server.host, "/moved");
  const body = { bytes: 3, repeatable: true, open: () => Buffer.from("abc") };
  await http.send(server.host, "/", { method: "PUT", body });
  expect(http.client.statistics()).toEqual({ requests: 3, bytesReceived: 25, bytesSent: 3 });
});

test("requests are counted by what they were for and how they were answered, each that is sent", async () => {
  let broken = 0;
  await using server = await startServer((request, response) => {
    if (request.url === "/moved") response.writeHead(307, { location: "/" }).end();
    else if (request.url === "/none") response.writeHead(404).end();
    else if (request.url === "/broken" && broken++ === 0) response.destroy();
    else response.end("1");
  });
  await using http = testClient({ plain: [server.host] });
  for (const path of ["/moved", "/none", "/broken"]) await http.send(server.host, path);
  await http.send(server.host, "/", { method: "HEAD" });
  const counts = http.client
    .requestCounts()
    .map(({ registry, method, status, count }) => [registry, method, status, count]);
  expect(new Set(counts)).toEqual(
    new Set([
      [server.host, "GET", 307, 1],
      [server.host, "GET", 200, 2],
      [server.host, "GET", 404, 1],
      [server.host, "GET", undefined, 1],
      [server.host, "HEAD", 200, 1],
    ]),
  );
  expect(counts.reduce((sum, [, , , count]) => sum + Number(count), 0)).toBe(http.client.statistics().requests);
});

test("a copy within one registry that allows a single request at a time does not wait for itself", async () => {
  const bytes = 5_000_000;
  await using registry = await startTokenRegistry((request, response) =>
    request.method === "GET"
      ? response.end(Buffer.alloc(bytes))
      : response.writeHead(201).end(String(request.body.length)),
  );
  await using http = testClient({ registries: [{ address: registry.host, plainHttp: true, maxConnections: 1 }] });
  const source = await http.send(registry.host, "/v2/a/blobs/1", {
    kind: "blob",
    access: [{ repository: "a", actions: ["pull"] }],
  });
  const upload = await http.send(registry.host, "/v2/b/blobs/uploads/1", {
    method: "PUT",
    kind: "blob",
    access: [{ repository: "b", actions: ["pull", "push"] }],
    body: { bytes, repeatable: false, open: () => source.body },
  });
  expect(await bodyOf(upload)).toBe(String(bytes));
  expect(registry.questions).toHaveLength(2);
});

test("a hundred requests with one signal cause no warning", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning.message);
  process.on("warning", onWarning);
  await using server = await startServer((_, response) => response.end("ok"));
  await using http = testClient({ plain: [server.host] });
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 100 }, () => http.send(server.host, "/v2/", { signal })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
