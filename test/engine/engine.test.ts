import { describe, expect, test } from "vitest";
import { createEngine, parseReference } from "../../engine/index.ts";
import { buildImage, buildPlatformIndex } from "../support/images/index.ts";
import { startPair } from "./pair.ts";

const image = buildImage({ seed: "engine", layers: [200] });

describe("a registry is asked whether it is one", () => {
  test("and answers", async () => {
    const pair = await startPair();
    await pair.engine.ping(pair.source.host);
    expect(pair.source.counts()).toEqual({ "GET base": 1 });
  });

  test.each([
    [404, "protocol"],
    [401, "unauthorized"],
    [403, "denied"],
    [500, "unavailable"],
  ])("and an answer of %i says why not", async (status, code) => {
    const pair = await startPair();
    pair.source.intercept = () => ({ respond: { status } });
    await expect(pair.engine.ping(pair.source.host)).rejects.toMatchObject({ code });
  });

  test("and nobody answers at all", async () => {
    const pair = await startPair();
    await pair.source.close();
    await expect(pair.engine.ping(pair.source.host)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a reference is resolved", () => {
  test("by one request, to the digest of what it names as a whole", async () => {
    const pair = await startPair();
    const index = buildPlatformIndex({ seed: "resolved", layers: [100] });
    const source = await pair.seed(index);
    pair.resetCounts();
    expect(await pair.engine.resolve(source)).toEqual({
      sourceDigest: index.digest,
      digest: index.digest,
      mediaType: index.mediaType,
    });
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
  });

  test("anew each time, since tags move", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    expect(await pair.engine.resolve(source)).toMatchObject({ digest: image.digest });
    const moved = buildImage({ seed: "moved" });
    await pair.seed(moved);
    expect(await pair.engine.resolve(source)).toMatchObject({ digest: moved.digest });
  });

  test("to latest when no tag is written", async () => {
    const pair = await startPair();
    await pair.seed(image, "from/app", "latest");
    expect(await pair.engine.resolve(parseReference(`${pair.source.host}/from/app`))).toMatchObject({
      digest: image.digest,
    });
  });

  test("or is not found, on the side it stands for", async () => {
    const pair = await startPair();
    await pair.seed(image);
    const absent = { ...pair.at("from/app:absent"), registry: pair.source.host };
    await expect(pair.engine.resolve(absent, { side: "source" })).rejects.toMatchObject({
      code: "not-found",
      side: "source",
    });
  });
});

test("the tags of a repository are listed over all pages", async () => {
  const pair = await startPair({ source: { maxTagsPerPage: 2 } });
  for (const tag of ["e", "d", "c", "b", "a"]) await pair.seed(image, "from/app", tag);
  const tags = await pair.engine.tags({ registry: pair.source.host, repository: "from/app" });
  expect(tags).toEqual(["a", "b", "c", "d", "e"]);
  const nowhere = pair.engine.tags({ registry: pair.source.host, repository: "nowhere" });
  await expect(nowhere).rejects.toMatchObject({ code: "not-found" });
});

test("an engine is made without options, and closed twice", async () => {
  const engine = createEngine();
  expect(engine.statistics()).toEqual({ requests: 0, bytesReceived: 0, bytesSent: 0 });
  await engine.close();
  await engine.close();
});

test("a closed engine refuses what is asked of it, as an error of ours", async () => {
  const pair = await startPair();
  const source = await pair.seed(image);
  await pair.engine.close();
  await expect(pair.engine.resolve(source)).rejects.toMatchObject({ name: "ImagesyncError", code: "aborted" });
});

test("a removal by digest takes nothing that a tag holds", async () => {
  const pair = await startPair();
  await pair.copy(await pair.seed(image), pair.at("to/app:1"));
  pair.resetCounts();
  const reference = pair.at(`to/app@${image.digest}`);
  if (reference.digest === undefined) throw new Error("The reference has no digest");
  const report = await pair.engine.remove(reference, { expectDigest: reference.digest });
  expect(report).toMatchObject({ kept: [{ digest: reference.digest, by: "tag 1" }], manifests: [], blobs: [] });
  expect(pair.destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
});
