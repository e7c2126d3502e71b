import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { RequestBody } from "../../../engine/http/message.ts";
import { deferred, gone, json, startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";

const upload = { method: "PUT", kind: "blob" } as const;

/** A body that can be had once, and what became of its source. */
function streamed(bytes: number, source: Readable): { body: RequestBody; opened: () => number } {
  let opened = 0;
  const open = (): Readable => {
    opened += 1;
    if (opened > 1) throw new Error("opened twice");
    return source;
  };
  return { body: { bytes, repeatable: false, open }, opened: () => opened };
}

/** An endless source that tells when it is destroyed. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(64 * 1024));
    },
  });
}

test("every byte arrives, in order, with its length announced", async () => {
  const content = randomBytes(3_000_001);
  await using server = await startServer((request, response) => {
    response.writeHead(201).end(createHash("sha256").update(request.body).digest("hex"));
  });
  await using http = testClient({ plain: [server.host] });
  const chunks = Array.from({ length: 40 }, (_, index) => content.subarray(index * 75_001, (index + 1) * 75_001));
  const { body } = streamed(content.length, Readable.from(chunks, { objectMode: false }));
  const response = await http.send(server.host, "/upload?digest=x", { ...upload, body });
  expect(await bodyOf(response)).toBe(createHash("sha256").update(content).digest("hex"));
  expect(server.requests.at(-1)?.headers["content-length"]).toBe("3000001");
  expect(server.requests.at(-1)?.headers["transfer-encoding"]).toBeUndefined();
  expect(http.client.statistics().bytesSent).toBe(3_000_001);
});

test.each([
  ["an empty stream", () => Readable.from([])],
  ["empty bytes", () => new Uint8Array()],
])("%s is a body of zero bytes", async (_, open) => {
  await using server = await startServer((request, response) =>
    response.end(String(request.headers["content-length"])),
  );
  await using http = testClient({ plain: [server.host] });
  const body = { bytes: 0, repeatable: true, open };
  expect(await bodyOf(await http.send(server.host, "/upload", { ...upload, body }))).toBe("0");
});

test("a POST without body says that its length is zero", async () => {
  await using server = await startServer((request, response) =>
    response.end(String(request.headers["content-length"])),
  );
  await using http = testClient({ plain: [server.host] });
  expect(await bodyOf(await http.send(server.host, "/v2/app/blobs/uploads/", { method: "POST" }))).toBe("0");
});

test.each([
  ["shorter", 5],
  ["longer", 3],
])(
  "a source that is %s than announced is an error, and no request that the server could take for complete",
  async (_, bytes) => {
    await using server = await startServer((request, response) => response.end(String(request.message.complete)));
    await using http = testClient({ plain: [server.host] });
    for (const open of [() => Readable.from([Buffer.from("abcd")]), () => Buffer.from("abcd")]) {
      const body = { bytes, repeatable: true, open };
      await expect(http.send(server.host, "/upload", { ...upload, body })).rejects.toMatchObject({
        code: "size-mismatch",
      });
    }
    expect(server.requests.filter(({ message }) => message.complete)).toHaveLength(0);
  },
);

test("an error of the source is what is reported, and it is not retried", async () => {
  await using server = await startServer((_, response) => response.end());
  await using http = testClient({ plain: [server.host] });
  let opened = 0;
  const failure = Object.assign(new Error("source broke"), { code: "ECONNRESET" });
  const open = async function* (): AsyncGenerator<Uint8Array> {
    opened += 1;
    yield Buffer.from("abc");
    throw failure;
  };
  await expect(
    http.send(server.host, "/upload", { ...upload, body: { bytes: 10, repeatable: true, open } }),
  ).rejects.toMatchObject({
    message: expect.stringContaining("source broke"),
    cause: failure,
  });
  expect(opened).toBe(1);
});

test("a repeatable body is opened anew for each attempt", async () => {
  let count = 0;
  await using server = await startServer((request, response) => {
    count += 1;
    if (count === 1) return request.message.socket.resetAndDestroy();
    if (count === 2) return json(response, 503, {});
    return response.writeHead(201).end(request.body);
  });
  await using http = testClient({ plain: [server.host] });
  let opened = 0;
  const open = (): Readable => {
    opened += 1;
    return Readable.from([Buffer.from("manifest")]);
  };
  const response = await http.send(server.host, "/upload", { ...upload, body: { bytes: 8, repeatable: true, open } });
  expect(response).toMatchObject({ status: 201, attempts: 3 });
  expect(await bodyOf(response)).toBe("manifest");
  expect(opened).toBe(3);
});

test("a connection that breaks while the next bytes are awaited from the source is why an attempt has failed, each time", async () => {
  await using server = await startServer(
    async (request, response) => {
      if (server.requests.length <= 2) {
        request.message.once("data", () => request.message.socket.resetAndDestroy());
        return;
      }
      request.message.resume();
      await once(request.message, "end");
      response.writeHead(201).end();
    },
    { readBodies: false },
  );
  await using http = testClient({ plain: [server.host] });
  let opened = 0;
  const open = (): Readable => {
    opened += 1;
    const source = new Readable({ read() {} });
    source.push(Buffer.alloc(20));
    // The others wait for bytes that do not come.
    if (opened === 3) source.push(null);
    return source;
  };
  const body = { bytes: 20, repeatable: true, open };
  expect(await http.send(server.host, "/upload", { ...upload, body })).toMatchObject({ status: 201, attempts: 3 });
});

test("a body that can be had once is not sent again after a failure", async () => {
  await using server = await startServer((request, response) =>
    request.method === "PUT" ? request.message.socket.resetAndDestroy() : response.end(),
  );
  await using http = testClient({ plain: [server.host] });
  await http.send(server.host, "/v2/");
  const { body, opened } = streamed(8, Readable.from([Buffer.from("contents")]));
  await expect(http.send(server.host, `${server.url}/upload`, { ...upload, body })).rejects.toMatchObject({
    code: "unavailable",
    attempts: 1,
  });
  expect(opened()).toBeLessThanOrEqual(1);
});

test("a source is not opened while no connection can be made", async () => {
  await using http = testClient({ plain: ["127.0.0.1:1"], retry: { attempts: 2 } });
  const { body, opened } = streamed(8, endless());
  await expect(http.send("127.0.0.1:1", "http://127.0.0.1:1/upload", { ...upload, body })).rejects.toMatchObject({
    code: "unavailable",
  });
  expect(opened()).toBe(0);
});

test.each([401, 403, 413])(
  "an answer %i in the middle of an upload is the answer, and the source is closed",
  async (status) => {
    await using server = await startServer(
      (request, response) => {
        if (request.method !== "PUT") return response.end();
        return request.message.once("data", () => json(response, status, { errors: [{ code: "EARLY" }] }));
      },
      { readBodies: false },
    );
    await using http = testClient({ plain: [server.host] });
    await http.send(server.host, "/v2/");
    const source = endless();
    const closed = once(source, "close");
    const { body } = streamed(1e12, source);
    const response = await http.send(server.host, "/upload", { ...upload, body });
    expect(response.status).toBe(status);
    expect(await bodyOf(response)).toContain("EARLY");
    await closed;
    await gone(server.requests.at(-1));
  },
);

test("a source that waits for its next byte is closed too when the answer comes early", async () => {
  await using server = await startServer(
    (request, response) => {
      if (request.method !== "PUT") return response.end();
      return request.message.once("data", () => json(response, 413, {}));
    },
    { readBodies: false },
  );
  await using http = testClient({ plain: [server.host] });
  await http.send(server.host, "/v2/");
  const source = new Readable({ read() {} });
  source.push(Buffer.alloc(1000));
  const closed = once(source, "close");
  const response = await http.send(server.host, "/upload", { ...upload, body: streamed(1e9, source).body });
  expect(response.status).toBe(413);
  await closed;
});

test("a stop in the middle of an upload closes source and connection at once", async () => {
  const started = deferred();
  await using server = await startServer(
    (request, response) => {
      if (request.method !== "PUT") return response.end();
      return request.message.once("data", started.resolve);
    },
    { readBodies: false },
  );
  await using http = testClient({ plain: [server.host] });
  await http.send(server.host, "/v2/");
  const source = endless();
  const closed = once(source, "close");
  const stop = new AbortController();
  const sending = http.send(server.host, "/upload", {
    ...upload,
    body: streamed(1e12, source).body,
    signal: stop.signal,
  });
  await started.promise;
  stop.abort();
  await expect(sending).rejects.toMatchObject({ code: "aborted" });
  await Promise.all([closed, gone(server.requests.at(-1))]);
});

test("an upload that waits long for its answer is given the time that uploads need", async () => {
  const arrived = deferred();
  const answer = deferred();
  await using server = await startServer(async (request, response) => {
    if (request.method !== "PUT") return response.end();
    arrived.resolve();
    await answer.promise;
    return response.writeHead(201).end();
  });
  await using http = testClient({ plain: [server.host], timeouts: { headersMs: 20, uploadHeadersMs: 60_000 } });
  await http.send(server.host, "/v2/");
  const sending = http.send(server.host, "/upload", {
    ...upload,
    body: streamed(4, Readable.from([Buffer.from("blob")])).body,
  });
  await arrived.promise;
  // Another request runs into the shorter limit meanwhile, which shows that it has passed.
  await using slow = await startServer(() => {});
  await using impatient = testClient({ plain: [slow.host], timeouts: { headersMs: 20 }, retry: { attempts: 1 } });
  await expect(impatient.send(slow.host, "/v2/")).rejects.toMatchObject({ code: "timeout" });
  answer.resolve();
  expect((await sending).status).toBe(201);
});

test("a large blob streams from one registry to another, at the pace of the slower one", async () => {
  const content = randomBytes(30_000_000);
  await using source = await startServer((_, response) => response.end(content));
  await using destination = await startServer(
    async (request, response) => {
      const hash = createHash("sha256");
      for await (const chunk of request.message as AsyncIterable<Buffer>) {
        hash.update(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.writeHead(201).end(hash.digest("hex"));
    },
    { readBodies: false },
  );
  await using http = testClient({ plain: [source.host, destination.host] });
  const { body } = await http.send(source.host, "/blob", { kind: "blob" });
  const response = await http.send(destination.host, "/upload", {
    ...upload,
    body: streamed(content.length, body).body,
  });
  expect(await bodyOf(response)).toBe(createHash("sha256").update(content).digest("hex"));
  expect(http.client.statistics()).toMatchObject({ bytesSent: content.length });
});
