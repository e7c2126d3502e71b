import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../../embedded-registry/index.ts";
import { digestOf, protocolSteps, withDigest, type ProtocolSteps } from "../support/registries/protocol-steps.ts";

/** Long enough for a machine that does much else; what is waited for comes at once. */
const patience = { timeout: 30_000 };

const UNKNOWN = `sha256:${"0".repeat(64)}`;

describe.each(["memory", "disk"])("uploads in %s", (kind) => {
  let directory: string;
  let registry: RunningRegistry;
  let here: ProtocolSteps;
  let ended: (() => void)[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-uploads-"));
    registry = await startRegistry({
      ...(kind === "disk" ? { storage: { directory } } : {}),
      onRequest: () => {
        for (const each of ended) each();
        ended = [];
      },
    });
    here = protocolSteps(registry.url, "a/b");
  });

  afterEach(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  function nextEnd(): Promise<void> {
    return new Promise((resolve) => ended.push(resolve));
  }

  async function stagedFiles(): Promise<string[]> {
    return kind === "disk" ? readdir(join(directory, "staging")) : [];
  }

  test.each(["PUT", "PATCH"])("a %s that breaks off leaves no session and no bytes", async (method) => {
    const location = await here.begin();
    const end = nextEnd();
    const request = httpRequest(`${registry.url}${withDigest(location, UNKNOWN)}`, {
      method,
      headers: { "Content-Length": "1000000" },
    });
    request.on("error", () => {});
    request.write(Buffer.alloc(100_000));
    await expect.poll(() => registry.requests.at(-1)?.bytesIn, patience).toBe(100_000);
    request.destroy();
    await end;
    expect(registry.openUploads()).toBe(0);
    expect(registry.requests.at(-1)?.status).toBe(499);
    expect(await stagedFiles()).toEqual([]);
    expect((await here.ask("GET", location)).code).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  test("a client that sends less than it promised and waits does not end the upload", async () => {
    const location = await here.begin();
    const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
    const end = nextEnd();
    socket.write(`PUT ${withDigest(location, digestOf("abc"))} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabc`);
    await expect.poll(() => registry.requests.at(-1)?.bytesIn, patience).toBe(3);
    socket.end();
    await end;
    socket.destroy();
    expect(registry.openUploads()).toBe(0);
    expect((await here.ask("HEAD", `blobs/${digestOf("abc")}`)).status).toBe(404);
  });

  test("bytes behind the promised length are no part of the blob", async () => {
    const location = await here.begin();
    const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
    const end = nextEnd();
    socket.write(`PUT ${withDigest(location, digestOf("abc"))} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcdef`);
    await end;
    socket.destroy();
    expect((await here.ask("GET", `blobs/${digestOf("abc")}`)).text).toBe("abc");
  });

  test("two lengths in one request are refused before anything is taken in", async () => {
    const location = await here.begin();
    const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
    socket.write(
      `PUT ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1.1 400 /);
    expect(registry.openUploads()).toBe(1);
  });

  test("a PUT with a wrong digest ends the session and leaves no bytes", async () => {
    const put = await here.ask("PUT", withDigest(await here.begin(), UNKNOWN), { body: "abc" });
    expect(put.code).toBe("DIGEST_INVALID");
    expect(registry.openUploads()).toBe(0);
    expect(await stagedFiles()).toEqual([]);
  });

  test("a POST whose body is not the beginning leaves no session", async () => {
    const headers = { "Content-Range": "3-5" };
    const path = `blobs/uploads/?digest=${digestOf("abc")}`;
    expect((await here.ask("POST", path, { body: "abc", headers })).status).toBe(416);
    expect(registry.openUploads()).toBe(0);
    expect(await stagedFiles()).toEqual([]);
  });

  test("a POST with a wrong or impossible digest leaves no session", async () => {
    expect((await here.ask("POST", `blobs/uploads/?digest=${UNKNOWN}`, { body: "abc" })).code).toBe("DIGEST_INVALID");
    expect((await here.ask("POST", "blobs/uploads/?digest=sha256:..", { body: "abc" })).code).toBe("DIGEST_INVALID");
    expect((await here.ask("POST", "blobs/uploads/?mount=sha256:..&from=a/b")).code).toBe("DIGEST_INVALID");
    expect((await here.ask("POST", `blobs/uploads/?mount=${UNKNOWN}&from=../b`)).code).toBe("NAME_INVALID");
    expect(registry.openUploads()).toBe(0);
    expect(await stagedFiles()).toEqual([]);
  });

  test.each(["4-5", "1-2", "0-1,2-3", "bytes 0-1/2", "0-", "-1", "1-0", "0-99999999999999999999", "a-b", "0-0"])(
    "a chunk of two bytes at %j is refused with how far the session is",
    async (range) => {
      const location = await here.begin();
      const patch = await here.ask("PATCH", location, { body: "ab", headers: { "Content-Range": range } });
      expect(patch.status).toBe(416);
      expect(patch.headers.range).toBe("0-0");
      expect(patch.headers.location).toBe(location);
    },
  );

  test("a chunked body that is not as long as its Content-Range ends the session", async () => {
    const location = await here.begin();
    const headers = { "Content-Range": "0-4", "Transfer-Encoding": "chunked" };
    const request = httpRequest(`${registry.url}${location}`, { method: "PATCH", headers });
    request.write("a");
    request.end("b");
    const [answer] = (await once(request, "response")) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(400);
    expect(registry.openUploads()).toBe(0);
  });

  test("many clients upload one blob at once, and it is there once and whole", async () => {
    const content = Buffer.alloc(300_000, "x");
    await Promise.all(Array.from({ length: 20 }, () => here.blob(content)));
    const get = await here.ask("GET", `blobs/${digestOf(content)}`);
    expect(get.body.equals(content)).toBe(true);
    expect(registry.openUploads()).toBe(0);
    expect(await stagedFiles()).toEqual([]);
  });

  test("two requests cannot write to one session at once", async () => {
    const location = await here.begin();
    const first = httpRequest(`${registry.url}${location}`, { method: "PATCH", headers: { "Content-Length": "6" } });
    first.write("abc");
    await expect.poll(() => registry.requests.at(-1)?.bytesIn, patience).toBe(3);
    const second = await here.ask("PATCH", location, { body: "xyz" });
    expect([second.status, second.code]).toEqual([400, "BLOB_UPLOAD_INVALID"]);
    const answered = once(first, "response");
    first.end("def");
    const [answer] = (await answered) as [{ statusCode: number; headers: { location: string }; resume(): void }];
    answer.resume();
    const put = await here.ask("PUT", withDigest(answer.headers.location, digestOf("abcdef")));
    expect(put.status).toBe(201);
  });

  test("a session that is cancelled while bytes arrive does not become a blob", async () => {
    const location = await here.begin();
    const put = httpRequest(`${registry.url}${withDigest(location, digestOf("abcdef"))}`, {
      method: "PUT",
      headers: { "Content-Length": "6" },
    });
    put.write("abc");
    await expect.poll(() => registry.requests.at(-1)?.bytesIn, patience).toBe(3);
    expect((await here.ask("DELETE", location)).status).toBe(204);
    const answered = once(put, "response");
    put.end("def");
    const [answer] = (await answered) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(404);
    expect((await here.ask("HEAD", `blobs/${digestOf("abcdef")}`)).status).toBe(404);
    expect(await stagedFiles()).toEqual([]);
  });

  test("closing the registry throws unfinished uploads away", async () => {
    await here.ask("PATCH", await here.begin(), { body: "abc" });
    await registry.close();
    expect(registry.openUploads()).toBe(0);
    expect(await stagedFiles()).toEqual([]);
  });
});
