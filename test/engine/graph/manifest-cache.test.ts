import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { ManifestCache } from "../../../engine/graph/manifest-cache.ts";
import type { HttpResponse } from "../../../engine/http/message.ts";
import { digestOf } from "../../../engine/oci/digest.ts";
import { mediaTypes } from "../../../engine/oci/media-types.ts";
import { openRepository, type Repository } from "../../../engine/registry/repository.ts";
import { failureOf } from "../failure.ts";

function document(text: string): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [], annotations: { text } }));
}

const bytes = document("x");
const digest = digestOf(bytes);

/** A repository that holds these manifests, and how often each was fetched. */
function holding(manifests: readonly Buffer[], repository = "app"): { repository: Repository; fetched: string[] } {
  const fetched: string[] = [];
  const byDigest = new Map(manifests.map((one) => [digestOf(one) as string, one]));
  const send = async (request: { url: string; signal?: AbortSignal | undefined }): Promise<HttpResponse> => {
    const key = request.url.split("/").at(-1) ?? "";
    fetched.push(key);
    await new Promise(setImmediate);
    request.signal?.throwIfAborted();
    const found = byDigest.get(key);
    const headers = new Map<string, string>([
      ["content-type", mediaTypes.ociManifest],
      ["docker-distribution-api-version", "registry/2.0"],
    ]);
    return {
      status: found ? 200 : 404,
      headers,
      url: "https://r.example/",
      attempts: 1,
      body: Readable.from([found ?? ""], { objectMode: false }),
    };
  };
  return { repository: openRepository({ send }, { registry: "r.example", repository }, { purpose: "read" }), fetched };
}

test("a manifest that many ask for at the same time is fetched once", async () => {
  const { repository, fetched } = holding([bytes]);
  const cache = new ManifestCache();
  const all = await Promise.all(Array.from({ length: 20 }, () => cache.get(repository, digest)));
  expect(new Set(all).size).toBe(1);
  expect(fetched).toEqual([digest]);
});

test("when who fetches it for all is stopped, the next one fetches it himself", async () => {
  const { repository, fetched } = holding([bytes]);
  const cache = new ManifestCache();
  const stop = new AbortController();
  const first = cache.get(repository, digest, stop.signal);
  const second = cache.get(repository, digest);
  stop.abort(new Error("stopped"));
  await expect(first).rejects.toThrow("stopped");
  expect((await second).digest).toBe(digest);
  expect(fetched).toHaveLength(2);
});

test("a failure is not remembered", async () => {
  const { repository, fetched } = holding([]);
  const cache = new ManifestCache();
  for (let round = 0; round < 2; round += 1) {
    expect(await failureOf(() => cache.get(repository, digest))).toMatchObject({ code: "not-found" });
  }
  expect(fetched).toHaveLength(2);
});

test("what one repository has shown is not shown to who asks another one", async () => {
  const open = holding([bytes]);
  const other = holding([], "secret");
  const cache = new ManifestCache();
  await cache.get(open.repository, digest);
  expect(await failureOf(() => cache.get(other.repository, digest))).toMatchObject({ code: "not-found" });
});

test("a manifest that is added need not be fetched", async () => {
  const { repository, fetched } = holding([bytes]);
  const source = new ManifestCache();
  const manifest = await source.get(repository, digest);
  const cache = new ManifestCache();
  cache.add(repository, manifest);
  cache.add(repository, manifest);
  expect(await cache.get(repository, digest)).toBe(manifest);
  expect(fetched).toHaveLength(1);
});

test("the oldest manifests go when there are too many, and the latest stay", async () => {
  const large = Array.from({ length: 6 }, (_, number) => document(`${number} ${"x".repeat(7 * 1024 * 1024)}`));
  const { repository, fetched } = holding(large);
  const cache = new ManifestCache();
  for (const one of large) await cache.get(repository, digestOf(one));
  fetched.length = 0;
  for (const one of large.slice(2)) await cache.get(repository, digestOf(one));
  expect(fetched).toEqual([]);
  await cache.get(repository, digestOf(large[0] ?? bytes));
  expect(fetched).toHaveLength(1);
});
