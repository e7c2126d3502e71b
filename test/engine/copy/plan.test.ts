import { describe, expect, test } from "vitest";
import { parseReference, type PlanItem, type Policy, type Reference } from "../../../engine/index.ts";
import { buildImage, buildIndex, buildPlatformIndex, push, treeOf } from "../../support/images/index.ts";
import { only, type Pair, startPair, stored } from "../pair.ts";

const one = buildImage({ seed: "one", layers: [1000, 2000] });
const two = buildImage({ seed: "two", layers: [1500] });
const index = buildPlatformIndex({ seed: "index", layers: [800], shared: 900 });

async function planned(pair: Pair, source: Reference, destination: Reference, policy?: Policy): Promise<PlanItem> {
  const engine = pair.newEngine();
  const plan = await engine.plan({ source, destination, policy });
  const [item] = plan.items;
  if (item === undefined) throw new Error("The plan is empty");
  return item;
}

/** Takes content away behind everybody's back. */
async function lose(pair: Pair, kind: "blobs" | "manifests", digest: string | undefined): Promise<void> {
  const url = `${pair.destination.url}/v2/to/app/${kind}/${digest}`;
  const { status } = await fetch(url, { method: "DELETE" });
  expect(status).toBe(202);
}

describe("a plan says what is to be done and why", () => {
  test("copy: the destination does not have it", async () => {
    const pair = await startPair();
    const item = await planned(pair, await pair.seed(one), pair.at("to/app:1"));
    expect(item).toMatchObject({ action: "copy", digest: one.digest, reason: "the destination does not have it" });
    expect(item).not.toHaveProperty("currentDigest");
    const blobs = one.blobs.reduce((sum, blob) => sum + blob.size, 0);
    expect(item.bytes).toBe(blobs + one.bytes.length);
  });

  test("copy: the tag holds something else", async () => {
    const pair = await startPair();
    await push(two, { host: pair.destination.host, repository: "to/app", tag: "1" });
    const item = await planned(pair, await pair.seed(one), pair.at("to/app:1"));
    expect(item).toMatchObject({ action: "copy", currentDigest: two.digest });
    expect(item.reason).toContain(two.digest);
  });

  test("tag: the image is there, the tag holds something else", async () => {
    const pair = await startPair();
    await push(one, { host: pair.destination.host, repository: "to/app", tag: "other" });
    await push(two, { host: pair.destination.host, repository: "to/app", tag: "1" });
    const source = await pair.seed(one);
    const item = await planned(pair, source, pair.at("to/app:1"));
    expect(item).toMatchObject({ action: "tag", digest: one.digest, currentDigest: two.digest, bytes: 0 });
    pair.resetCounts();
    const report = await pair.engine.apply({ items: [item] });
    expect(only(report)).toMatchObject({ outcome: "done", bytes: 0, blobs: { copied: 0 } });
    expect(pair.source.counts()).toEqual({});
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(one));
  });

  test("skip: it is in place", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    await pair.copy(source, pair.at("to/app:1"));
    for (const integrity of ["tag", "manifests", "blobs"] as const) {
      const item = await planned(pair, source, pair.at("to/app:1"), { integrity });
      expect(item).toMatchObject({ action: "skip", reason: "in place", digest: one.digest, bytes: 0 });
    }
  });

  test("repair: a manifest below the tag is missing, if one looks that deep", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    await pair.copy(source, pair.at("to/app:1"));
    await lose(pair, "manifests", index.children[1]?.digest);
    expect(await planned(pair, source, pair.at("to/app:1"))).toMatchObject({ action: "skip" });
    for (const integrity of ["manifests", "blobs"] as const) {
      const item = await planned(pair, source, pair.at("to/app:1"), { integrity });
      expect(item).toMatchObject({ action: "repair", reason: "1 manifests and 0 blobs are missing below the tag" });
    }
  });

  test("repair: a blob below the tag is missing, if one looks that deep", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    await pair.copy(source, pair.at("to/app:1"));
    await lose(pair, "blobs", index.children[4]?.blobs[0]?.digest);
    expect(await planned(pair, source, pair.at("to/app:1"), { integrity: "manifests" })).toMatchObject({
      action: "skip",
    });
    const item = await planned(pair, source, pair.at("to/app:1"), { integrity: "blobs" });
    expect(item).toMatchObject({ action: "repair", reason: "0 manifests and 1 blobs are missing below the tag" });
  });

  test("copy, not tag: the image is there under another tag, but a child of it is missing", async () => {
    const pair = await startPair();
    await push(index, { host: pair.destination.host, repository: "to/app", tag: "other" });
    await push(two, { host: pair.destination.host, repository: "to/app", tag: "1" });
    await lose(pair, "manifests", index.children[0]?.digest);
    const source = await pair.seed(index);
    const item = await pair.copy(source, pair.at("to/app:1"), { integrity: "manifests" });
    expect(item).toMatchObject({ outcome: "done", item: { action: "copy" } });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
  });
});

describe("a repair moves only what is missing", () => {
  test.each([
    ["a blob", async (pair: Pair) => await lose(pair, "blobs", index.children[2]?.blobs[1]?.digest), 1],
    ["a child", async (pair: Pair) => await lose(pair, "manifests", index.children[2]?.digest), 0],
    [
      "a child and its content",
      async (pair: Pair) => {
        await lose(pair, "manifests", index.children[0]?.digest);
        await lose(pair, "blobs", index.children[0]?.blobs[0]?.digest);
        await lose(pair, "blobs", index.children[0]?.blobs[2]?.digest);
      },
      2,
    ],
  ])("%s", async (_name, damage, uploads) => {
    const pair = await startPair();
    const source = await pair.seed(index);
    await pair.copy(source, pair.at("to/app:1"));
    await damage(pair);
    // The process that brought it, which believes to know what is there, and one that knows nothing.
    for (const engine of [pair.engine, pair.newEngine()]) {
      pair.resetCounts();
      const item = await pair.copy(source, pair.at("to/app:1"), { engine, integrity: "blobs" });
      const first = engine === pair.engine;
      expect(item).toMatchObject(first ? { outcome: "done", item: { action: "repair" } } : { outcome: "unchanged" });
      expect(item.blobs.copied).toBe(first ? uploads : 0);
      expect(pair.destination.counts()["PUT upload"] ?? 0).toBe(first ? uploads : 0);
    }
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
    expect(pair.destination.openUploads()).toBe(0);
  });
});

describe("a destination with tag and digest", () => {
  test("is copied to the tag when the digest is the source's", async () => {
    const pair = await startPair();
    const destination = pair.at(`to/app:1@${one.digest}`);
    expect(await pair.copy(await pair.seed(one), destination)).toMatchObject({ outcome: "done" });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(one.digest);
  });

  test("is not in place while the tag is missing, though the digest is there", async () => {
    const pair = await startPair();
    await push(one, { host: pair.destination.host, repository: "to/app", tag: "other" });
    const destination = pair.at(`to/app:1@${one.digest}`);
    expect(await pair.copy(await pair.seed(one), destination)).toMatchObject({ outcome: "done" });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(one.digest);
  });

  test("is not in place while the tag holds something else", async () => {
    const pair = await startPair();
    await push(one, { host: pair.destination.host, repository: "to/app", tag: "other" });
    await push(two, { host: pair.destination.host, repository: "to/app", tag: "1" });
    const destination = pair.at(`to/app:1@${one.digest}`);
    expect(await pair.copy(await pair.seed(one), destination)).toMatchObject({
      outcome: "done",
      item: { action: "tag" },
    });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(one.digest);
  });

  test("is a conflict at plan when the digest is another one, and nothing is written", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    const rule = { source, destination: pair.at(`to/app:1@${two.digest}`) };
    await expect(pair.engine.plan(rule)).rejects.toMatchObject({ code: "conflict", side: "destination" });
    expect(pair.destination.requests.filter(({ method }) => method !== "HEAD")).toEqual([]);
  });
});

test("a destination with a digest alone gets no tag", async () => {
  const pair = await startPair();
  const destination = pair.at(`to/app@${one.digest}`);
  expect(await pair.copy(await pair.seed(one), destination)).toMatchObject({ outcome: "done" });
  expect(await pair.tree(destination)).toEqual(treeOf(one));
  const tags = (await (await fetch(`${pair.destination.url}/v2/to/app/tags/list`)).json()) as { tags: unknown };
  expect(tags.tags ?? []).toEqual([]);
  expect(await pair.copy(await pair.seed(one), destination)).toMatchObject({ outcome: "unchanged" });
});

describe("a plan is plain data", () => {
  test.each<readonly [string, Policy]>([
    ["of a whole image", {}],
    ["of some platforms", { platforms: [{ os: "linux", architecture: "s390x" }] }],
  ])("%s: it survives JSON and is applied by another process", async (_name, policy) => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1"), policy });
    expect(stored(plan)).toEqual(plan);
    const report = await pair.newEngine().apply(stored(plan));
    expect(only(report)).toMatchObject({ outcome: "done" });
    expect((await pair.tree(pair.at("to/app:1"))).digest).toBe(plan.items[0]?.digest);
  });

  test("it names the source by digest, in the user's spelling, and keeps the tag for people", async () => {
    const pair = await startPair();
    await pair.seed(one);
    const source = parseReference(`${pair.source.host}/from/app:1`);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    expect(plan.items[0]?.source).toEqual({ ...source, digest: one.digest });
  });
});

describe("what was planned is what lands", () => {
  test("though the source's tag has moved since", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    await pair.seed(two);
    expect(only(await pair.newEngine().apply(stored(plan)))).toMatchObject({ outcome: "done" });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(one));
  });

  test("though the destination's tag has moved since", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    await push(two, { host: pair.destination.host, repository: "to/app", tag: "1" });
    expect(only(await pair.engine.apply(plan))).toMatchObject({ outcome: "done" });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(one));
  });

  test("or nothing: the planned digest is gone at the source", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    await fetch(`${pair.source.url}/v2/from/app/manifests/${one.digest}`, { method: "DELETE" });
    const item = only(await pair.newEngine().apply(stored(plan)));
    expect(item).toMatchObject({ outcome: "failed", error: { code: "not-found", side: "source" } });
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });

  test("and a rule that expects another digest than the source has is a conflict", async () => {
    const pair = await startPair();
    const source = await pair.seed(one);
    const rule = { source, destination: pair.at("to/app:1") };
    const [item] = (await pair.engine.plan(rule)).items;
    await pair.seed(two);
    await expect(pair.engine.plan({ ...rule, digest: item?.digest })).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("a source that is not whole", () => {
  test("fails at plan, naming the child and its platform, before anything is written", async () => {
    const pair = await startPair({ source: { allowSparseIndex: true } });
    const sparse = buildIndex({ children: index.children });
    const source = await pair.seed(sparse);
    await fetch(`${pair.source.url}/v2/from/app/manifests/${index.children[2]?.digest}`, { method: "DELETE" });
    const plan = pair.engine.plan({ source, destination: pair.at("to/app:1") });
    await expect(plan).rejects.toMatchObject({ code: "not-found", side: "source" });
    await expect(plan).rejects.toThrow(`${index.children[2]?.digest} (linux/arm`);
    expect(pair.destination.requests.filter(({ method }) => method !== "HEAD")).toEqual([]);
  });

  test.each([
    ["tag", "from/app:absent"],
    ["repository", "nowhere:1"],
  ])("is not found when there is no such %s", async (_name, text) => {
    const pair = await startPair();
    await pair.seed(one);
    const source = { ...pair.at(text), registry: pair.source.host };
    await expect(pair.engine.plan({ source, destination: pair.at("to/app:1") })).rejects.toMatchObject({
      code: "not-found",
      side: "source",
      status: 404,
    });
  });
});
