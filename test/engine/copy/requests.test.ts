import { describe, expect, test } from "vitest";
import { buildImage, buildPlatformIndex, treeOf } from "../../support/images/index.ts";
import { only, startPair } from "../pair.ts";

const image = buildImage({ seed: "counted", layers: [3000, 2000, 1000] });

describe("no request is made that is not needed", () => {
  test("a cold copy: each side is asked once, each blob is fetched, offered in one request and uploaded, and the tag read back", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.resetCounts();
    await pair.copy(source, pair.at("to/app:1"));
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1, "GET manifest": 1, "GET blob": 4 });
    expect(pair.destination.counts()).toEqual({
      "HEAD manifest": 1,
      "POST upload": 4,
      "PUT upload": 4,
      "PUT manifest": 1,
      "GET manifest": 1,
    });
  });

  test("a copy of what is in place: one question to each side, and nothing moves", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    await pair.copy(source, pair.at("to/app:1"));
    pair.resetCounts();
    // Neither this process nor a later one needs more.
    for (const engine of [pair.engine, pair.newEngine()]) {
      pair.resetCounts();
      const plan = await engine.plan({ source, destination: pair.at("to/app:1") });
      const report = await engine.apply(plan);
      expect(only(report)).toMatchObject({ outcome: "unchanged", bytes: 0 });
      expect(report).toMatchObject({ bytes: 0, requests: 0 });
      expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
      expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
    }
  });

  test("a source given by digest is not asked at all when the destination has it", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    await pair.copy(source, pair.at("to/app:1"));
    pair.resetCounts();
    const pinned = pair.at(`from/app@${image.digest}`);
    await pair.copy({ ...pinned, registry: pair.source.host }, pair.at("to/app:1"));
    expect(pair.source.counts()).toEqual({});
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
  });

  test("an index: its manifests once each, blobs that its platforms share once", async () => {
    const pair = await startPair();
    const index = buildPlatformIndex({ seed: "counted index", layers: [1000], shared: 2000 });
    const source = await pair.seed(index);
    pair.resetCounts();
    await pair.copy(source, pair.at("to/app:1"));
    // Five configs, five layers of their own, one layer that they share.
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1, "GET manifest": 6, "GET blob": 11 });
    expect(pair.destination.counts()).toEqual({
      "HEAD manifest": 1,
      "POST upload": 11,
      "PUT upload": 11,
      "PUT manifest": 6,
      "GET manifest": 1,
    });
  });

  test("with larger blobs: one question whether the registry mounts, then one request for each of them", async () => {
    const pair = await startPair();
    const larger = buildImage({ seed: "larger", layers: [1_100_000, 1_200_000, 500] });
    const source = await pair.seed(larger);
    pair.resetCounts();
    await pair.copy(source, pair.at("to/app:1"));
    expect(pair.destination.counts()).toEqual({
      "HEAD manifest": 1,
      // Four blobs and the question.
      "POST upload": 5,
      "PUT upload": 4,
      "PUT manifest": 1,
      "GET manifest": 1,
    });
    const next = buildImage({ seed: "next", layers: [{ size: 1_100_000, seed: "larger/0" }, 1_300_000] });
    const nextSource = await pair.seed(next, "from/app", "2");
    pair.resetCounts();
    await pair.copy(nextSource, pair.at("to/app:2"));
    // The shared layer is known to be there; nothing is asked about it.
    expect(pair.destination.counts()).toEqual({
      "HEAD manifest": 1,
      "POST upload": 2,
      "PUT upload": 2,
      "PUT manifest": 1,
      "GET manifest": 1,
    });
    expect(pair.destination.openUploads()).toBe(0);
  });

  test("over another image: what is there is recognised and not sent again, by a process that knows nothing", async () => {
    const pair = await startPair();
    const base = buildImage({ seed: "base", layers: [1_100_000, 2000] });
    await pair.copy(await pair.seed(base), pair.at("to/app:1"));
    const layers = [{ size: 1_100_000, seed: "base/0" }, { size: 2000, seed: "base/1" }, 300];
    const update = await pair.seed(buildImage({ seed: "update", layers }), "from/app", "1");
    pair.resetCounts();
    const item = await pair.copy(update, pair.at("to/app:1"), { engine: pair.newEngine() });
    expect(item).toMatchObject({ outcome: "done", blobs: { copied: 2, mounted: 0, present: 2 } });
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1, "GET manifest": 1, "GET blob": 2 });
    expect(pair.destination.counts()).toMatchObject({ "PUT upload": 2, "PUT manifest": 1, "GET manifest": 1 });
    expect(pair.destination.openUploads()).toBe(0);
  });

  test("a registry that mounts nothing is asked by HEAD before a larger blob is sent", async () => {
    const pair = await startPair();
    pair.destination.intercept = ({ kind, method, path }) =>
      kind === "upload" && method === "POST" && path.includes("mount=") ? { respond: { status: 400 } } : undefined;
    const layers = [{ size: 1_100_000, seed: "unmounted" }, 1000];
    await pair.copy(await pair.seed(buildImage({ seed: "one", layers })), pair.at("to/app:1"));
    const second = await pair.seed(buildImage({ seed: "two", layers }), "from/app", "2");
    pair.resetCounts();
    const item = await pair.copy(second, pair.at("to/app:2"), { engine: pair.newEngine() });
    expect(item).toMatchObject({ outcome: "done", blobs: { copied: 2, present: 1 } });
    expect(pair.destination.counts()).toMatchObject({ "HEAD blob": 1 });
    expect(pair.destination.openUploads()).toBe(0);
  });

  test("nobody is asked at /v2/ whether he is a registry", async () => {
    const pair = await startPair();
    await pair.copy(await pair.seed(image), pair.at("to/app:1"));
    await pair.copy(await pair.seed(image, "from/app", "2"), pair.at("to/app:2"));
    const kinds = [...pair.source.requests, ...pair.destination.requests].map(({ kind }) => kind);
    expect(kinds).not.toContain("base");
    expect(kinds).not.toContain("unknown");
  });

  test("the report counts the requests and the bytes", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    pair.resetCounts();
    const report = await pair.engine.apply(plan);
    const served = pair.source.requests.length + pair.destination.requests.length;
    const bytes = image.blobs.reduce((sum, blob) => sum + blob.size, 0);
    expect(report).toMatchObject({ requests: served, bytes });
    expect(only(report)).toMatchObject({ bytes, blobs: { copied: 4, mounted: 0, present: 0 } });
  });
});

describe("within one registry", () => {
  test("blobs are mounted from the source's repository, and no byte of them travels", async () => {
    const pair = await startPair({ same: true });
    const source = await pair.seed(image);
    pair.resetCounts();
    const item = await pair.copy(source, pair.at("to/app:1"));
    expect(item).toMatchObject({ outcome: "done", bytes: 0, blobs: { copied: 0, mounted: 4, present: 0 } });
    expect(pair.source.counts()).toEqual({
      "HEAD manifest": 2,
      "GET manifest": 2,
      "POST upload": 4,
      "PUT manifest": 1,
    });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  });

  test("within one repository only the tag is new", async () => {
    const pair = await startPair({ same: true });
    const source = await pair.seed(image);
    pair.resetCounts();
    const item = await pair.copy(source, pair.at("from/app:stable"));
    expect(item).toMatchObject({ outcome: "done", bytes: 0, blobs: { copied: 0 } });
    expect(pair.source.requests.filter(({ bytesIn, kind }) => kind !== "manifest" && bytesIn > 0)).toEqual([]);
    expect(await pair.tree(pair.at("from/app:stable"))).toEqual(treeOf(image));
  });
});
