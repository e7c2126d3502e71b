import { describe, expect, test } from "vitest";
import { buildImage, buildIndex, buildPlatformIndex, imageKinds, push } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const inner = buildPlatformIndex({ seed: "complete", layers: [300], shared: 200 });
const image = buildIndex({ children: [inner, buildImage({ seed: "beside", layers: [100] })] });
const nothing = { manifests: [], blobs: [] };

async function start(): Promise<Pair> {
  const pair = await startPair();
  await push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
  pair.resetCounts();
  return pair;
}

async function lose(pair: Pair, kind: "blobs" | "manifests", digest: string | undefined): Promise<void> {
  await fetch(`${pair.destination.url}/v2/to/app/${kind}/${digest}`, { method: "DELETE" });
}

describe.each(["tag", "manifests", "blobs"] as const)("looked at as deep as: %s", (depth) => {
  test.each(imageKinds)("nothing is missing of what is whole: $name", async (kind) => {
    const pair = await startPair();
    await push(kind.build(), { host: pair.destination.host, repository: "to/app", tag: "1" });
    expect(await pair.engine.inspect(pair.at("to/app:1"), { depth })).toMatchObject({ missing: nothing });
  });

  test("an answer that is no answer is an error and not an absence", async () => {
    for (const status of [401, 403, 429, 500, 503]) {
      const pair = await start();
      let heads = 0;
      // The tag is found; what is below it is refused.
      pair.destination.intercept = () => {
        heads += 1;
        return heads > 1 ? { respond: { status } } : undefined;
      };
      const inspected = pair.engine.inspect(pair.at("to/app:1"), { depth }).then(
        ({ missing }) => missing,
        (error: { code: string }) => error.code,
      );
      expect(await inspected).not.toBe("not-found");
      expect([nothing, "unauthorized", "denied", "rate-limited", "unavailable"]).toContainEqual(await inspected);
    }
  });
});

test("the tag alone costs one request, all manifests one each, all blobs one each more", async () => {
  const pair = await start();
  const inspect = async (depth: "tag" | "manifests" | "blobs"): Promise<Record<string, number>> => {
    pair.resetCounts();
    await pair.newEngine().inspect(pair.at("to/app:1"), { depth });
    return pair.destination.counts();
  };
  expect(await inspect("tag")).toEqual({ "HEAD manifest": 1 });
  // The two indexes are read, too, to know what is below them.
  expect(await inspect("manifests")).toEqual({ "HEAD manifest": 8, "GET manifest": 2 });
  expect(await inspect("blobs")).toMatchObject({ "HEAD manifest": 8, "GET manifest": 8, "HEAD blob": 13 });
});

test("a missing child is named, at whatever depth it lies", async () => {
  const pair = await start();
  const lost = [inner.children[3]?.digest, image.children[1]?.digest];
  for (const digest of lost) await lose(pair, "manifests", digest);
  const { missing } = await pair.engine.inspect(pair.at("to/app:1"), { depth: "manifests" });
  expect(new Set(missing.manifests)).toEqual(new Set(lost));
  expect(missing.blobs).toEqual([]);
});

test("a blob that several images share is named once", async () => {
  const pair = await start();
  const shared = inner.children[0]?.blobs[1]?.digest;
  await lose(pair, "blobs", shared);
  const { missing } = await pair.engine.inspect(pair.at("to/app:1"), { depth: "blobs" });
  expect(missing).toEqual({ manifests: [], blobs: [shared] });
  expect(await pair.engine.inspect(pair.at("to/app:1"), { depth: "manifests" })).toMatchObject({ missing: nothing });
});

test("a child that HEAD confirms and GET does not have is missing", async () => {
  const pair = await start();
  pair.destination.intercept = ({ kind, method, reference }) =>
    kind === "manifest" && method === "GET" && reference === inner.digest ? { respond: { status: 404 } } : undefined;
  const { missing } = await pair.engine.inspect(pair.at("to/app:1"), { depth: "manifests" });
  expect(missing.manifests).toEqual([inner.digest]);
});

test("a tag that is not there is not found, which is no inspection at all", async () => {
  const pair = await start();
  for (const text of ["to/app:absent", "nowhere:1"]) {
    await expect(pair.engine.inspect(pair.at(text), { depth: "blobs" })).rejects.toMatchObject({ code: "not-found" });
  }
});
