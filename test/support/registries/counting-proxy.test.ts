import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../../../embedded-registry/index.ts";
import { buildImage, fetchTree, push, treeOf } from "../images/index.ts";
import { countingProxy, type CountingProxy } from "./counting-proxy.ts";
import { dockerRegistryProgram, startDockerRegistry } from "./docker-registry.ts";
import { digestOf, protocolSteps, withDigest } from "./protocol-steps.ts";

/** Long enough for a machine that does much else; what is waited for comes at once. */
const patience = { timeout: 30_000 };

let registry: RunningRegistry;
let proxy: CountingProxy;

beforeEach(async () => {
  registry = await startRegistry();
  proxy = await countingProxy(registry.host);
});

afterEach(async () => {
  await proxy.close();
  await registry.close();
});

test("the proxy counts what the registry counts, requests and bytes", async () => {
  const here = protocolSteps(proxy.url, "a/b");
  await here.image("tag");
  await here.read("tag", "HEAD");
  await here.ask("GET", `blobs/${digestOf("layer of tag")}`);
  expect(proxy.counts()).toEqual(registry.counts());
  expect(proxy.total()).toBe(registry.requests.length);
  expect(proxy.bytesUp()).toBe(registry.requests.reduce((sum, { bytesIn }) => sum + bytesIn, 0));
  expect(proxy.bytesDown()).toBe(registry.requests.reduce((sum, { bytesOut }) => sum + bytesOut, 0));
  expect(proxy.connections()).toBe(proxy.total());
  proxy.reset();
  expect([proxy.total(), proxy.bytesUp(), proxy.bytesDown(), proxy.counts()]).toEqual([0, 0, 0, {}]);
});

test("large bodies pass whole in both directions, also with a delay", async () => {
  const slow = await countingProxy(registry.host, { delayMs: 2 });
  try {
    const content = Buffer.alloc(40_000_000, "0123456789");
    const here = protocolSteps(slow.url, "a/b");
    const { digest } = await here.blob(content);
    expect((await here.ask("GET", `blobs/${digest}`)).body.equals(content)).toBe(true);
    expect([slow.bytesUp(), slow.bytesDown()]).toEqual([content.length, content.length]);
  } finally {
    await slow.close();
  }
});

test("a body of unknown length passes", async () => {
  const location = await protocolSteps(proxy.url, "a/b").begin();
  const headers = { "Transfer-Encoding": "chunked" };
  const request = httpRequest(`${proxy.url}${withDigest(location, digestOf("content"))}`, { method: "PUT", headers });
  request.write("con");
  request.end("tent");
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(201);
});

test("an answer that breaks off at the registry breaks off at the client", async () => {
  const { digest } = await protocolSteps(registry.url, "a/b").blob("content");
  registry.intercept = () => ({ cutAfterBytes: 3 });
  // The end may overtake the beginning: then the client does not even get the head.
  const read = protocolSteps(proxy.url, "a/b").ask("GET", `blobs/${digest}`);
  await expect(read).rejects.toThrow(/aborted|socket hang up|ECONNRESET/);
});

test("an upload that breaks off at the client breaks off at the registry", async () => {
  const location = await protocolSteps(proxy.url, "a/b").begin();
  const request = httpRequest(`${proxy.url}${location}`, { method: "PATCH", headers: { "Content-Length": "1000" } });
  request.on("error", () => {});
  request.write("abc");
  await expect.poll(() => registry.requests.at(-1)?.bytesIn, patience).toBe(3);
  request.destroy();
  await expect.poll(() => registry.openUploads(), patience).toBe(0);
});

test.skipIf(dockerRegistryProgram === undefined)("docker-registry sends clients back through the proxy", async () => {
  const real = await startDockerRegistry();
  const before = await countingProxy(real.host);
  try {
    const image = buildImage({ seed: "proxied", layers: [5000, 70_000] });
    await push(image, { host: before.host, repository: "a/b", tag: "tag" });
    expect(await fetchTree(before, "a/b", "tag")).toEqual(treeOf(image));
    const blobs = new Set(image.blobs.map((blob) => blob.digest)).size;
    expect(before.counts()).toEqual({
      "GET blob": blobs,
      "GET manifest": 1,
      "POST upload": blobs,
      "PUT manifest": 1,
      "PUT upload": blobs,
    });
  } finally {
    await before.close();
    await real.close();
  }
});
