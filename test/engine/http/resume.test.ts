import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { HttpResponse } from "../../../engine/http/message.ts";
import { deferred, gone, json, type Received, startServer } from "./scripted-server.ts";
import { type TestClient, testClient } from "./test-client.ts";
import { startTokenRegistry } from "./token-server.ts";

const content = randomBytes(300_000);

/** Reads a whole body that streams. */
async function whole({ body }: HttpResponse): Promise<Buffer> {
  return Buffer.concat((await body.toArray()) as Buffer[]);
}

async function download(http: TestClient, host: string, path = "/blob"): Promise<Buffer> {
  return await whole(await http.send(host, path, { kind: "blob", expectedBytes: content.length }));
}

function offsetOf({ headers }: Received): number {
  return Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
}

/** Answers from `offset` on as a server that knows ranges, and breaks the connection after `bytes`. */
function part(response: ServerResponse, offset: number, bytes = Infinity): void {
  const rest = content.subarray(offset);
  response.writeHead(offset === 0 ? 200 : 206, {
    "content-length": String(rest.length),
    ...(offset === 0 ? {} : { "content-range": `bytes ${offset}-${content.length - 1}/${content.length}` }),
  });
  if (bytes >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, bytes), () => response.socket?.destroySoon());
}

describe("a download of known length that is interrupted", () => {
  test("goes on where it was, and nothing comes twice", async () => {
    await using server = await startServer((request, response) => {
      part(response, offsetOf(request), server.requests.length <= 3 ? 50_000 : Infinity);
    });
    await using http = testClient({ plain: [server.host] });
    expect((await download(http, server.host)).equals(content)).toBe(true);
    expect(server.requests.map(offsetOf)).toEqual([0, 50_000, 100_000, 150_000]);
    expect(http.client.statistics().bytesReceived).toBe(content.length);
    expect(http.events.filter(({ kind }) => kind === "retry")).toHaveLength(3);
  });

  test("goes on when the end of the connection is the end of the answer", async () => {
    await using server = await startServer((request, response) => {
      const offset = offsetOf(request);
      const range = `Content-Range: bytes ${offset}-${content.length - 1}/${content.length}`;
      const head = offset === 0 ? "HTTP/1.1 200 OK" : `HTTP/1.1 206 Partial Content\r\n${range}`;
      response.socket?.write(`${head}\r\nConnection: close\r\n\r\n`);
      response.socket?.end(content.subarray(offset, offset === 0 ? 100_000 : undefined));
    });
    await using http = testClient({ plain: [server.host] });
    expect((await download(http, server.host)).equals(content)).toBe(true);
  });

  test("reads over what it has where ranges are ignored", async () => {
    await using server = await startServer((_, response) => {
      part(response, 0, server.requests.length === 1 ? 123_456 : Infinity);
    });
    await using http = testClient({ plain: [server.host] });
    expect((await download(http, server.host)).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  test.each([
    ["another part", `bytes 0-${content.length - 1}/${content.length}`],
    ["a part of something longer", `bytes 50000-${content.length - 1}/${content.length + 1}`],
    ["a part that is not named", undefined],
    ["nonsense", "bytes here and there"],
  ])("fails when it is answered with %s", async (_, range) => {
    await using server = await startServer((request, response) => {
      if (offsetOf(request) === 0) return part(response, 0, 50_000);
      response.writeHead(206, range === undefined ? {} : { "content-range": range });
      return response.end(content.subarray(50_000));
    });
    await using http = testClient({ plain: [server.host] });
    await expect(download(http, server.host)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("after 50000 of 300000 bytes, it sends another part"),
    });
  });

  test.each([403, 404, 416])("fails with what was missing when it is then answered with %i", async (status) => {
    await using server = await startServer((request, response) =>
      offsetOf(request) === 0 ? part(response, 0, 50_000) : response.writeHead(status).end(),
    );
    await using http = testClient({ plain: [server.host] });
    await expect(download(http, server.host)).rejects.toMatchObject({ code: "unavailable", status });
  });

  test("gets a new address of the storage from the registry, as the old one has expired", async () => {
    await using storage = await startServer((request, response) => {
      const [, number] = request.url.split("=");
      if (number !== String(registry.requests.length)) response.writeHead(403).end("Request has expired");
      else part(response, offsetOf(request), storage.requests.length === 1 ? 50_000 : Infinity);
    });
    await using registry = await startServer((_, response) => {
      response.writeHead(307, { location: `${storage.url}/blob?signature=${registry.requests.length}` }).end();
    });
    await using http = testClient({ plain: [registry.host, storage.host] });
    expect((await download(http, registry.host)).equals(content)).toBe(true);
    expect(storage.requests.map(offsetOf)).toEqual([0, 50_000]);
    expect(registry.requests).toHaveLength(2);
  });

  test("ends when it gets no further", async () => {
    await using server = await startServer((request, response) => part(response, offsetOf(request), 1));
    await using http = testClient({ plain: [server.host], retry: { attempts: 4 } });
    await expect(download(http, server.host)).rejects.toMatchObject({ code: "unavailable", attempts: 4 });
    expect(server.requests).toHaveLength(4);
  });

  test("is not longer because of it when the server sends more than was expected", async () => {
    await using server = await startServer((_, response) => response.end(Buffer.concat([content, content])));
    await using http = testClient({ plain: [server.host] });
    expect((await download(http, server.host)).length).toBe(600_000);
  });

  test("ends at once at a stop", async () => {
    const stop = new AbortController();
    await using server = await startServer((_, response) => {
      response.writeHead(200, { "content-length": "300000" }).write(content.subarray(0, 50_000));
    });
    await using http = testClient({ plain: [server.host] });
    const request = { kind: "blob", expectedBytes: content.length, signal: stop.signal } as const;
    const { body } = await http.send(server.host, "/blob", request);
    body.once("data", () => stop.abort());
    await expect(body.toArray()).rejects.toMatchObject({ code: "aborted" });
    expect(server.requests).toHaveLength(1);
  });

  test("is not asked for again once it was given up in the pause before", async () => {
    await using server = await startServer((request, response) =>
      request.url === "/blob" ? part(response, offsetOf(request), 50_000) : response.end(),
    );
    const broken = deferred();
    await using http = testClient({
      plain: [server.host],
      onEvent: ({ kind }) => kind === "retry" && broken.resolve(),
    });
    const { body } = await http.send(server.host, "/blob", { kind: "blob", expectedBytes: content.length });
    body.resume();
    await broken.promise;
    body.destroy();
    // The pauses of this client are shorter than a few round trips.
    for (let trips = 0; trips < 10; trips += 1) await http.send(server.host, "/other");
    expect(server.requests.filter(({ url }) => url === "/blob")).toHaveLength(1);
  });

  test("tells no secret when it can't go on, whatever the token server repeats", async () => {
    await using registry = await startTokenRegistry((request, response) => part(response, offsetOf(request), 50_000), {
      onToken: ({ authorization }, response) => {
        if (registry.questions.length === 1) return false;
        json(response, 401, { message: `pass-canary-1 ${authorization}` });
        return true;
      },
    });
    await using http = testClient({
      plain: [registry.host],
      login: [{ address: registry.host, credential: { kind: "basic", username: "u", password: "pass-canary-1" } }],
    });
    const { body } = await http.send(registry.host, "/blob", { kind: "blob", expectedBytes: content.length });
    registry.revoke();
    const error: unknown = await body.toArray().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "unauthorized", message: expect.stringContaining("***") });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("pass-canary-1");
  });

  test("that nobody reads any more is not continued", async () => {
    await using server = await startServer((request, response) => part(response, offsetOf(request), 50_000));
    await using http = testClient({ plain: [server.host] });
    const { body } = await http.send(server.host, "/blob", { kind: "blob", expectedBytes: content.length });
    body.destroy();
    await gone(server.requests[0]);
    expect(body.closed).toBe(true);
    expect(server.requests).toHaveLength(1);
  });
});

test("storage that refuses the first address is asked by another one", async () => {
  await using storage = await startServer((request, response) =>
    request.url === "/fresh" ? response.end(content) : response.writeHead(403).end(),
  );
  await using registry = await startServer((_, response) => {
    response.writeHead(307, { location: `${storage.url}/${registry.requests.length < 2 ? "stale" : "fresh"}` }).end();
  });
  await using http = testClient({ plain: [registry.host, storage.host] });
  expect((await download(http, registry.host)).equals(content)).toBe(true);
});
