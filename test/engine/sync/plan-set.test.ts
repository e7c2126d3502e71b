import { describe, expect, test } from "vitest";
import { parseDigest, type Plan } from "../../../engine/index.ts";
import { buildImage, buildPlatformIndex, type TestManifest } from "../../support/images/index.ts";
import { startPair, stored } from "../pair.ts";
import { pushTags, repositoryAt, setRule } from "./tag-sets.ts";

const shared = { seed: "base", size: 500 };
const images: Readonly<Record<string, TestManifest>> = Object.fromEntries(
  ["1.0.0", "1.1.0", "2.0.0", "latest"].map((tag) => [
    tag,
    buildImage({ seed: tag === "latest" ? "2.0.0" : tag, layers: [shared, 100] }),
  ]),
);

/** Each tag with what is to be done for it. */
function actions({ items }: Plan): [string | undefined, string][] {
  return items.map(({ destination, action }) => [destination.tag, action]);
}

describe("a rule with a selection", () => {
  test("copies every tag of a repository under its name", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    const plan = await pair.engine.plan(setRule(pair));
    expect(plan.failures).toBeUndefined();
    expect(Object.fromEntries(plan.items.map(({ destination, digest }) => [destination.tag, digest]))).toEqual(
      Object.fromEntries(Object.entries(images).map(([tag, image]) => [tag, image.digest])),
    );
    const report = await pair.engine.apply(plan);
    expect(report.items.map(({ outcome }) => outcome)).toEqual(plan.items.map(() => "done"));
    for (const [tag, { digest }] of Object.entries(images)) {
      expect(await pair.tagged(pair.at(`to/app:${tag}`))).toBe(digest);
    }
  });

  test("that is fulfilled costs one list and one HEAD per side and tag", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    await pair.engine.apply(await pair.engine.plan(setRule(pair)));
    for (const engine of [pair.engine, pair.newEngine()]) {
      pair.resetCounts();
      const plan = await engine.plan(setRule(pair));
      expect(actions(plan).map(([, action]) => action)).toEqual(["skip", "skip", "skip", "skip"]);
      const report = await engine.apply(plan);
      expect(report).toMatchObject({ bytes: 0, requests: 0 });
      expect(pair.source.counts()).toEqual({ "GET tags": 1, "HEAD manifest": 4 });
      expect(pair.destination.counts()).toEqual({ "HEAD manifest": 4 });
    }
  });

  test("of named tags only lists nothing, in the order of the names", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    pair.resetCounts();
    const plan = await pair.engine.plan(setRule(pair, { tags: ["2.0.0", "1.0.0"] }));
    expect(actions(plan)).toEqual([
      ["2.0.0", "copy"],
      ["1.0.0", "copy"],
    ]);
    expect(pair.source.counts()).not.toHaveProperty("GET tags");
  });

  test("plans what it can where a tag fails, and says which and why", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    pair.source.intercept = ({ kind, reference }) =>
      kind === "manifest" && reference === "1.1.0" ? { respond: { status: 403 } } : undefined;
    const plan = await pair.engine.plan(setRule(pair, { tags: ["1.0.0", "1.1.0", "gone"] }));
    expect(actions(plan)).toEqual([["1.0.0", "copy"]]);
    expect(plan.failures).toMatchObject([
      { destination: { tag: "1.1.0" }, code: "denied", side: "source" },
      { source: { tag: "gone" }, code: "not-found", side: "source" },
    ]);
    expect(stored(plan)).toEqual(plan);
  });

  test.each([
    ["is denied", 403, "denied"],
    ["does not exist", 404, "not-found"],
    ["is unavailable", 503, "unavailable"],
  ])("fails as a whole where the list of the source %s", async (_what, status, code) => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    pair.source.intercept = ({ kind }) => (kind === "tags" ? { respond: { status } } : undefined);
    await expect(pair.engine.plan(setRule(pair))).rejects.toMatchObject({ code, side: "source" });
    await expect(pair.engine.select(setRule(pair))).rejects.toMatchObject({ code, side: "source" });
  });

  test("selects nothing of an empty repository", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", {});
    pair.source.intercept = ({ kind }) =>
      kind === "tags" ? { respond: { status: 200, body: '{"name":"from/app","tags":null}' } } : undefined;
    expect(await pair.engine.plan(setRule(pair))).toEqual({
      items: [],
      warnings: [`${pair.source.host}/from/app has no tags, so none is selected`],
    });
  });

  test("is stopped by its signal, which is no failure of a tag", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    const stop = new AbortController();
    pair.source.intercept = ({ kind }) => {
      if (kind === "manifest") stop.abort();
      return undefined;
    };
    await expect(pair.engine.plan(setRule(pair), { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
  });

  test("counts the manifests that a copy reads at the source", async () => {
    const pair = await startPair();
    const index = buildPlatformIndex({ seed: "platforms", layers: [300] });
    await pushTags(pair.source.host, "from/app", { one: buildImage({ seed: "one" }), five: index, same: index });
    const plan = await pair.engine.plan(setRule(pair, { tags: ["one", "five", "same"] }));
    expect(plan.items.map(({ pulls }) => pulls)).toEqual([1, 6, 6]);
    await pair.engine.apply(plan);
    const again = await pair.engine.plan(setRule(pair));
    expect(again.items.every(({ pulls }) => pulls === undefined)).toBe(true);
  });

  const one = repositoryAt("registry.example", "app");
  const digest = parseDigest(`sha256:${"0".repeat(64)}`);
  test.each([
    ["a tag at the source", { source: { ...one, tag: "1" } }],
    ["a digest at the destination", { destination: { ...one, digest } }],
    ["a digest of its own", { digest }],
    ["additional tags for many images", { additionalTags: ["x"] }],
    ["deletions for what is only new", { selection: { mode: "higher" }, policy: { deletions: {} } }],
  ] as const)("refuses %s before anything is asked", async (_what, more) => {
    const pair = await startPair();
    const rule = { ...setRule(pair), ...more };
    await expect(pair.engine.plan(rule)).rejects.toMatchObject({ code: "config", hint: expect.any(String) as string });
    expect(pair.source.counts()).toEqual({});
    expect(pair.destination.counts()).toEqual({});
  });
});

describe("selecting images", () => {
  test("tells each tag with its digest by one list and one HEAD a tag, and never reads a manifest", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    pair.resetCounts();
    const selected = await pair.engine.select(setRule(pair));
    expect(selected.failures).toEqual([]);
    expect(Object.fromEntries(selected.images.map(({ tag, digest }) => [tag, digest]))).toEqual(
      Object.fromEntries(Object.entries(images).map(([tag, image]) => [tag, image.digest])),
    );
    expect(selected.images[0]).toMatchObject({
      source: { tag: selected.images[0]?.tag, digest: selected.images[0]?.digest, repository: "from/app" },
      destination: { tag: selected.images[0]?.tag, repository: "to/app" },
    });
    expect(pair.source.counts()).toEqual({ "GET tags": 1, "HEAD manifest": 4 });
    expect(pair.destination.counts()).toEqual({});
  });

  test("tells which tag could not be resolved", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", images);
    const { images: found, failures } = await pair.engine.select(setRule(pair, { tags: ["gone", "latest"] }));
    expect(found.map(({ tag }) => tag)).toEqual(["latest"]);
    expect(failures).toMatchObject([{ source: { tag: "gone" }, code: "not-found" }]);
  });
});
