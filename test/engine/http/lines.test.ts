import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type RawServer, startRawServer } from "./raw-server.ts";
import { deferred } from "./scripted-server.ts";
import { bodyOf, type TestClient, testClient } from "./test-client.ts";

const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const told = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

/** The connections that the requests came on. */
const ways = ({ requests }: RawServer): number[] => requests.map(({ connection }) => connection);

const head = (http: TestClient, { host }: RawServer): Promise<unknown> => http.send(host, "/v2/", { method: "HEAD" });

async function textOf(http: TestClient, { host }: RawServer): Promise<string> {
  return await bodyOf(await http.send(host, "/v2/"));
}

describe("a connection is used again", () => {
  test.each([
    [
      "after an answer to HEAD that tells the length of what it does not bring",
      "HEAD",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    ],
    [
      "after an answer to HEAD in chunks that do not come",
      "HEAD",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ["after an empty body", "GET", empty],
    ["after a body", "GET", told("abc")],
    ["after the last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"],
    ["after 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["after an interim answer", "GET", `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${empty}`],
    [
      "where its keeping is spelled out",
      "GET",
      empty.replace("\r\n\r\n", "\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n\r\n"),
    ],
  ] as const)("%s", async (_, method, answer) => {
    await using server = await startRawServer((_, socket) => socket.write(answer, "latin1"));
    await using http = testClient({ plain: [server.host] });
    for (let time = 0; time < 3; time += 1) await http.send(server.host, "/v2/", { method });
    expect(ways(server)).toEqual([0, 0, 0]);
  });

  test("after an answer that comes byte by byte", async () => {
    await using server = await startRawServer(async (_, socket) => {
      for (const byte of told("abc")) {
        socket.write(byte);
        await turn();
      }
    });
    await using http = testClient({ plain: [server.host] });
    expect([await textOf(http, server), await textOf(http, server)]).toEqual(["abc", "abc"]);
    expect(ways(server)).toEqual([0, 0]);
  });

  test("by whoever waits for one, before his own is made", async () => {
    const answers: Socket[] = [];
    const both = deferred();
    await using server = await startRawServer((_, socket) => {
      if (answers.push(socket) === 2) both.resolve();
      else if (answers.length > 2) socket.write(empty);
    });
    await using http = testClient({ plain: [server.host] });
    const first = [head(http, server), head(http, server)];
    await both.promise;
    for (const socket of answers.slice(0, 2)) socket.write(empty);
    await Promise.all(first);
    await Promise.all([head(http, server), head(http, server)]);
    expect(server.connections).toHaveLength(2);
    expect(new Set(ways(server).slice(2))).toEqual(new Set([0, 1]));
  });
});

describe("a connection is not used again", () => {
  test.each([
    ["when the server closes it after the answer", "GET", empty.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")],
    [
      "when the server says so among other things",
      "GET",
      empty.replace("\r\n\r\n", "\r\nConnection: x, Close\r\n\r\n"),
    ],
    ["in HTTP/1.0", "GET", empty.replace("1.1", "1.0")],
    [
      "when the server keeps it for less than a moment",
      "GET",
      empty.replace("\r\n\r\n", "\r\nKeep-Alive: timeout=1\r\n\r\n"),
    ],
    ["when more comes than the body", "GET", `${told("abc")}HTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n`],
    ["when a body comes to HEAD", "HEAD", told("HTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n")],
    ["when something comes after 304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc"],
    [
      "when something comes after the last chunk",
      "GET",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabc",
    ],
  ] as const)("%s", async (_, method, answer) => {
    await using server = await startRawServer((_, socket) => socket.write(answer, "latin1"));
    await using http = testClient({ plain: [server.host] });
    const statuses: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      statuses.push((await http.send(server.host, "/v2/", { method })).status);
    }
    expect(statuses).not.toContain(500);
    expect(ways(server)).toEqual([0, 1, 2]);
  });

  test("when something comes that nobody has asked for, though later", async () => {
    await using server = await startRawServer((_, socket) => socket.write(empty));
    await using http = testClient({ plain: [server.host] });
    await head(http, server);
    const [socket] = server.connections;
    socket?.write("HTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n");
    if (socket !== undefined) await once(socket, "close");
    expect(await head(http, server)).toMatchObject({ status: 200, attempts: 1 });
    expect(ways(server)).toEqual([0, 1]);
  });

  test("when the server has closed it meanwhile", async () => {
    await using server = await startRawServer((_, socket) => socket.write(empty));
    await using http = testClient({ plain: [server.host] });
    await head(http, server);
    const [socket] = server.connections;
    socket?.end();
    if (socket !== undefined) await once(socket, "close");
    expect(await head(http, server)).toMatchObject({ status: 200, attempts: 1 });
    expect(ways(server)).toEqual([0, 1]);
  });

  test("when the body of its answer is given up", async () => {
    await using server = await startRawServer((_, socket) =>
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
    );
    await using http = testClient({ plain: [server.host] });
    const { body } = await http.send(server.host, "/v2/", { kind: "blob" });
    body.destroy();
    const [socket] = server.connections;
    if (socket !== undefined && !socket.closed) await once(socket, "close");
    await head(http, server).catch(() => undefined);
    expect(ways(server).slice(0, 2)).toEqual([0, 1]);
  });
});

describe("a server that closes after each answer and does not say so", () => {
  test.each([
    ["one by one", 1],
    ["at the same time", 8],
  ])("loses no request that is sent only once: %s", async (_, side) => {
    await using server = await startRawServer((_, socket) => socket.end(empty));
    await using http = testClient({ plain: [server.host] });
    const deleteTen = async (): Promise<void> => {
      for (let time = 0; time < 10; time += 1) await http.send(server.host, "/v2/", { method: "DELETE" });
    };
    await Promise.all(Array.from({ length: side }, deleteTen));
    expect(server.requests).toHaveLength(side * 10);
  });
});

describe("a body that comes to HEAD", () => {
  /** Sends it only when the next request has come on that connection. */
  async function startLateServer(): Promise<RawServer> {
    const server = await startRawServer((number, socket) => {
      const { connection = 0 } = server.requests[number] ?? {};
      const before = server.requests.slice(0, number).findLast((request) => request.connection === connection);
      socket.write(before?.head.startsWith("HEAD") === true ? '{"errors":[]}' : empty);
    });
    return server;
  }

  test("is not taken for a broken answer to another request", async () => {
    await using server = await startLateServer();
    await using http = testClient({ plain: [server.host] });
    await head(http, server);
    expect(await http.send(server.host, "/v2/")).toMatchObject({ status: 200, attempts: 2 });
    expect(ways(server)).toEqual([0, 0, 1]);
  });

  test("is met only once", async () => {
    await using server = await startLateServer();
    await using http = testClient({ plain: [server.host] });
    for (let time = 0; time < 3; time += 1) {
      await head(http, server);
      await http.send(server.host, "/v2/");
    }
    expect(ways(server)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  test("is met only once also where it comes while nothing is asked for", async () => {
    await using server = await startRawServer((_, socket) => socket.write(empty));
    await using http = testClient({ plain: [server.host] });
    await head(http, server);
    const [socket] = server.connections;
    socket?.write('{"errors":[]}');
    if (socket !== undefined) await once(socket, "close");
    await head(http, server);
    await http.send(server.host, "/v2/");
    await http.send(server.host, "/v2/");
    expect(ways(server)).toEqual([0, 1, 2, 2]);
  });
});

test("what is no answer is one of a broken server only on a connection that has brought none", async () => {
  await using server = await startRawServer((number, socket) => socket.write(number === 0 ? empty : "junk"));
  await using http = testClient({ plain: [server.host], retry: { attempts: 2 } });
  await http.send(server.host, "/v2/");
  await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "protocol", attempts: 2 });
  expect(ways(server)).toEqual([0, 0, 1]);
});

test("an answer without length ends with its connection", async () => {
  await using server = await startRawServer((_, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"));
  await using http = testClient({ plain: [server.host] });
  expect(await textOf(http, server)).toBe("all of it");
});

test.each([
  ["changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "protocol"],
  ["says two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "unavailable"],
  ["ends in the middle of its head", "HTTP/1.1 200 OK\r\nConte", "unavailable"],
  ["ends in the middle of its body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na", "unavailable"],
  ["ends before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "unavailable"],
  ["has chunks that are none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "protocol"],
])("an answer that %s is none", async (_, answer, code) => {
  await using server = await startRawServer((_, socket) => socket.end(answer));
  await using http = testClient({ plain: [server.host], retry: { attempts: 2 } });
  await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code });
  expect(server.connections).toHaveLength(code === "unavailable" ? 2 : 1);
});

test("interim answers without end are no answer", async () => {
  await using server = await startRawServer(async (_, socket) => {
    while (!socket.destroyed) {
      socket.write("HTTP/1.1 102 Processing\r\n\r\n");
      await turn();
    }
  });
  await using http = testClient({ plain: [server.host] });
  await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "protocol", attempts: 1 });
});

test("a login with a line end in it is not sent, and not told", async () => {
  await using server = await startRawServer((_, socket) => socket.write(empty));
  await using http = testClient({ plain: [server.host] });
  const sending = http.send(server.host, "/v2/", { authorization: "Bearer secret\r\nx-injected: 1" });
  await expect(sending).rejects.toMatchObject({ code: "protocol", message: expect.not.stringContaining("secret") });
  expect(server.requests).toHaveLength(0);
});

test("a hundred requests that find no connection at rest are all answered", async () => {
  await using server = await startRawServer((_, socket) => socket.write(empty));
  await using http = testClient({ plain: [server.host] });
  const answers = await Promise.all(Array.from({ length: 100 }, () => http.send(server.host, "/v2/")));
  expect(answers.every(({ status, attempts }) => status === 200 && attempts === 1)).toBe(true);
  expect(server.connections.length).toBeLessThanOrEqual(32);
});

test("who is stopped while he waits for a connection takes none from others", async () => {
  const stop = new AbortController();
  await using server = await startRawServer((_, socket) => socket.write(empty));
  await using http = testClient({ plain: [server.host] });
  const stopped = http.send(server.host, "/v2/", { signal: stop.signal });
  const others = [head(http, server), head(http, server)];
  stop.abort();
  await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  expect(await Promise.all(others)).toMatchObject([{ status: 200 }, { status: 200 }]);
});

describe("a client that is closed gives up a connection that is being made", () => {
  /** Far longer than any test: without being given up it would not end. */
  const timeouts = { connectMs: 3_600_000 };

  test.each([
    ["directly", (server: RawServer) => ({ registry: server.host, environment: {} })],
    [
      "through a proxy",
      (server: RawServer) => ({ registry: "r.example", environment: { HTTPS_PROXY: `http://${server.host}` } }),
    ],
  ])("%s", async (_, way) => {
    const come = deferred();
    await using server = await startRawServer(() => undefined, come.resolve);
    const { registry, environment } = way(server);
    const http = testClient({ environment, timeouts });
    const outcome = http.send(registry, "/v2/").catch((error: unknown) => error);
    await come.promise;
    const [socket] = server.connections;
    const closed = socket !== undefined && once(socket, "close");
    await http.client.close();
    expect(await outcome).toMatchObject({ code: "aborted" });
    await closed;
  });

  test("inside of a tunnel", async () => {
    const tunnelled = deferred();
    await using server = await startRawServer((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.once("data", () => tunnelled.resolve());
    });
    const http = testClient({ environment: { HTTPS_PROXY: `http://${server.host}` }, timeouts });
    const outcome = http.send("r.example", "/v2/").catch((error: unknown) => error);
    await tunnelled.promise;
    const [socket] = server.connections;
    const closed = socket !== undefined && once(socket, "close");
    await http.client.close();
    expect(await outcome).toMatchObject({ code: "aborted" });
    await closed;
  });
});
