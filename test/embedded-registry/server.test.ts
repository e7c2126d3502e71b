import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRegistry, type RequestRecord, type RunningRegistry } from "../../embedded-registry/index.ts";
import { digestOf, protocolSteps, withDigest, type ProtocolSteps } from "../support/registries/protocol-steps.ts";

/** Long enough for a machine that does much else; what is waited for comes at once. */
const patience = { timeout: 30_000 };

let ended: RequestRecord[];
let registry: RunningRegistry;
let here: ProtocolSteps;

beforeEach(async () => {
  ended = [];
  registry = await startRegistry({ onRequest: (record) => ended.push(record) });
  here = protocolSteps(registry.url, "a/b");
});

afterEach(() => registry.close());

test("requests are counted by what they address", async () => {
  const { digest } = await here.blob("content");
  await here.ask("GET", `blobs/${digest}`);
  await here.ask("HEAD", `blobs/${digest}`);
  await here.ask("GET", "/nonsense");
  expect(registry.counts()).toEqual({
    "GET blob": 1,
    "GET unknown": 1,
    "HEAD blob": 1,
    "POST upload": 1,
    "PUT upload": 1,
  });
  registry.resetCounts();
  expect(registry.counts()).toEqual({});
  expect(registry.requests).toEqual([]);
});

test("a request is recorded with its bytes, at the latest when its answer is there", async () => {
  const { digest } = await here.blob("content");
  await here.ask("GET", `blobs/${digest}`);
  const [post, put, read] = registry.requests;
  expect(post).toMatchObject({ method: "POST", kind: "upload", status: 202, bytesIn: 0, bytesOut: 0 });
  expect(put).toMatchObject({ method: "PUT", kind: "upload", status: 201, bytesIn: 7 });
  expect(read).toEqual({
    method: "GET",
    path: `/v2/a/b/blobs/${digest}`,
    kind: "blob",
    status: 200,
    bytesIn: 0,
    bytesOut: 7,
  });
  await expect.poll(() => ended, patience).toHaveLength(3);
});

test("a request with more headers than a client needs is refused by the parser", async () => {
  await expect(here.ask("GET", "/v2/", { headers: { Large: "x".repeat(100_000) } })).resolves.toMatchObject({
    status: 431,
  });
  expect((await here.ask("GET", "/v2/")).status).toBe(200);
});

test("what is not HTTP is hung up on, and the registry goes on", async () => {
  const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc");
  socket.resume();
  await once(socket, "close");
  expect((await here.ask("GET", "/v2/")).status).toBe(200);
});

test("closing ends idle connections and running answers", async () => {
  const { digest } = await here.blob(Buffer.alloc(50_000_000));
  const agent = new Agent({ keepAlive: true });
  const [idle] = (await once(get(`${registry.url}/v2/`, { agent }), "response")) as [IncomingMessage];
  await buffer(idle);
  const [answer] = (await once(get(`${registry.url}/v2/a/b/blobs/${digest}`), "response")) as [IncomingMessage];
  const reading = buffer(answer).catch((error: Error) => error.message);
  await registry.close();
  expect(await reading).toBe("aborted");
  agent.destroy();
});

test("closing does not wait for a fault that holds a request for ever", async () => {
  registry.intercept = () => ({ until: new Promise(() => {}) });
  const begun = here.ask("POST", "blobs/uploads/").catch((error: Error) => error.message);
  await expect.poll(() => registry.counts(), patience).toEqual({ "POST upload": 1 });
  await registry.close();
  expect(await begun).toMatch(/hang up|ECONNRESET/);
  expect(ended).toHaveLength(1);
  expect(registry.openUploads()).toBe(0);
});

test("a port that is taken fails the start", async () => {
  const port = Number(new URL(registry.url).port);
  await expect(startRegistry({ port })).rejects.toThrow("EADDRINUSE");
});

test("an answer can be replaced", async () => {
  registry.intercept = ({ kind }) =>
    kind === "base" ? { respond: { status: 503, headers: { "Retry-After": "1" }, body: "busy" } } : undefined;
  expect(await here.ask("GET", "/v2/")).toMatchObject({ status: 503, text: "busy", headers: { "retry-after": "1" } });
  expect((await here.ask("GET", "tags/list")).status).toBe(404);
  registry.intercept = undefined;
  expect((await here.ask("GET", "/v2/")).status).toBe(200);
});

test("an intercepted request is described", async () => {
  const seen: unknown[] = [];
  registry.intercept = ({ method, kind, repository, reference, path, headers }) => {
    seen.push([method, kind, repository, reference, path, headers["x-test"]]);
    return undefined;
  };
  await here.ask("GET", "manifests/tag?a=b", { headers: { "X-Test": "yes" } });
  expect(seen).toEqual([["GET", "manifest", "a/b", "tag", "/v2/a/b/manifests/tag?a=b", "yes"]]);
});

test("headers of an answer can be changed and left out", async () => {
  const { digest } = await here.image("tag");
  registry.intercept = () => ({ headers: { "Docker-Content-Digest": undefined, ETag: '"other"' } });
  const answer = await here.read(digest);
  expect(answer.headers["docker-content-digest"]).toBeUndefined();
  expect(answer.headers.etag).toBe('"other"');
});

test.each([0, 1, 65_536, 100_000, 299_999])("an answer can be cut after exactly %i bytes", async (cutAfterBytes) => {
  const { digest } = await here.blob(Buffer.alloc(300_000, "x"));
  registry.intercept = () => ({ cutAfterBytes });
  const [answer] = (await once(get(`${registry.url}/v2/a/b/blobs/${digest}`), "response")) as [IncomingMessage];
  let received = 0;
  answer.on("data", (chunk: Buffer) => (received += chunk.length));
  const [error] = (await once(answer, "error")) as [Error];
  expect(error.message).toBe("aborted");
  expect(answer.headers["content-length"]).toBe("300000");
  expect(received).toBe(cutAfterBytes);
  expect(registry.requests.at(-1)?.bytesOut).toBe(cutAfterBytes);
});

test.each([0, 70_000, 299_999])("byte %i of an answer can be changed", async (corruptByte) => {
  const content = Buffer.alloc(300_000, "x");
  const { digest } = await here.blob(content);
  registry.intercept = () => ({ corruptByte });
  const { body } = await here.ask("GET", `blobs/${digest}`);
  registry.intercept = undefined;
  const differing = [...body.keys()].filter((position) => body[position] !== content[position]);
  expect([body.length, differing]).toEqual([300_000, [corruptByte]]);
  expect((await here.ask("GET", `blobs/${digest}`)).body.equals(content)).toBe(true);
});

test("an upload can be cut while it arrives, and nothing of it stays", async () => {
  const content = Buffer.alloc(3_000_000, "x");
  const location = await here.begin();
  registry.intercept = () => ({ cutAfterReceivedBytes: 100_000 });
  await expect(here.ask("PUT", withDigest(location, digestOf(content)), { body: content })).rejects.toThrow(
    /ECONNRESET|EPIPE|socket hang up/,
  );
  await expect.poll(() => registry.openUploads(), patience).toBe(0);
  expect(registry.requests.at(-1)?.bytesIn).toBeLessThanOrEqual(100_000);
});

test("a request can be kept waiting until the test lets it go", async () => {
  let release = (): void => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  registry.intercept = ({ method }) => (method === "POST" ? { until } : undefined);
  const begun = here.ask("POST", "blobs/uploads/");
  await expect.poll(() => registry.counts(), patience).toEqual({ "POST upload": 1 });
  expect(registry.requests[0]?.status).toBe(0);
  release();
  expect((await begun).status).toBe(202);
});

test("a client that leaves while it is kept waiting has done nothing", async () => {
  let release = (): void => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  registry.intercept = () => ({ until });
  const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
  socket.write("POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
  await expect.poll(() => registry.counts(), patience).toEqual({ "POST upload": 1 });
  socket.destroy();
  await once(socket, "close");
  // The registry has seen the end when it has answered somebody who came later.
  registry.intercept = undefined;
  await here.ask("GET", "/v2/");
  release();
  await expect.poll(() => ended.map((record) => record.status), patience).toEqual([200, 499]);
  expect(registry.openUploads()).toBe(0);
});
