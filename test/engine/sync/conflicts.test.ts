import { describe, expect, test } from "vitest";
import type { Digest, Policy, Reference } from "../../../engine/index.ts";
import { buildImage, buildIndex, push, treeOf, type TestManifest } from "../../support/images/index.ts";
import { only, type Pair, startPair, stored } from "../pair.ts";

const wanted = buildImage({ seed: "wanted", layers: [300] });
const foreign = buildImage({ seed: "foreign", layers: [200] });
const other = buildImage({ seed: "other", layers: [100] });

interface Place {
  readonly pair: Pair;
  readonly source: Reference;
  readonly destination: Reference;
  readonly put: (image: TestManifest) => Promise<void>;
}

/** A tag of the destination that somebody else has put. */
async function conflicting(image: TestManifest = wanted, held: TestManifest = foreign): Promise<Place> {
  const pair = await startPair();
  const source = await pair.seed(image);
  const put = async (content: TestManifest): Promise<void> =>
    await push(content, { host: pair.destination.host, repository: "to/app", tag: "1" });
  await put(held);
  pair.resetCounts();
  return { pair, source, destination: pair.at("to/app:1"), put };
}

describe("a tag of the destination that holds something else", () => {
  test("is overwritten by default", async () => {
    const { pair, source, destination } = await conflicting();
    expect(await pair.copy(source, destination)).toMatchObject({ outcome: "done" });
    expect(await pair.tagged(destination)).toBe(wanted.digest);
  });

  test.each<[string, Policy]>([
    ["onConflict says so", { onConflict: "keep" }],
    ["tags are not replaced", { replaceTags: false }],
    ["tags are not replaced, also by what we have put there", { replaceTags: false, ours: [foreign.digest as Digest] }],
    ["tags are not replaced, which is no conflict", { replaceTags: false, onConflict: "fail" }],
  ])("is kept where %s, for one HEAD a side", async (_what, policy) => {
    const { pair, source, destination } = await conflicting();
    const plan = await pair.engine.plan({ source, destination, policy });
    expect(plan.items).toMatchObject([
      { action: "skip", digest: foreign.digest, currentDigest: foreign.digest, source: { digest: wanted.digest } },
    ]);
    expect(plan.items[0]?.reason).toContain(foreign.digest);
    expect(only(await pair.engine.apply(plan)).outcome).toBe("unchanged");
    expect(await pair.tagged(destination)).toBe(foreign.digest);
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": 2 });
  });

  test("is a conflict where onConflict says so, with both digests, for one HEAD a side", async () => {
    const { pair, source, destination } = await conflicting();
    const plan = await pair.engine.plan({ source, destination, policy: { onConflict: "fail" } });
    expect(plan.items).toMatchObject([{ action: "conflict", digest: wanted.digest, currentDigest: foreign.digest }]);
    expect(plan.items[0]?.reason).toContain(foreign.digest);
    expect(plan.items[0]?.reason).toContain(wanted.digest);
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
    const item = only(await pair.engine.apply(plan));
    expect(item).toMatchObject({ outcome: "failed", error: { code: "conflict", side: "destination" } });
    expect(item.error?.message).toContain(foreign.digest);
    expect(item.error?.message).toContain(wanted.digest);
    expect(await pair.tagged(destination)).toBe(foreign.digest);
  });

  test.each(["keep", "fail"] as const)("may be moved on from what is ours (%s)", async (onConflict) => {
    const { pair, source, destination } = await conflicting();
    const policy = { onConflict, ours: [other.digest as Digest, foreign.digest as Digest] };
    expect(await pair.copy(source, destination, policy)).toMatchObject({
      outcome: "done",
      item: { action: "copy", guarded: onConflict },
    });
    expect(await pair.tagged(destination)).toBe(wanted.digest);
  });
});

describe("a tag that is free, or in place", () => {
  test.each<Policy>([{ onConflict: "keep" }, { onConflict: "fail" }, { replaceTags: false }])(
    "is no conflict (%o)",
    async (policy) => {
      const pair = await startPair();
      const source = await pair.seed(wanted);
      expect(await pair.copy(source, pair.at("to/app:1"), policy)).toMatchObject({ outcome: "done" });
      expect(await pair.copy(source, pair.at("to/app:1"), policy)).toMatchObject({ outcome: "unchanged" });
    },
  );
});

describe("a guarded tag that is moved between plan and apply", () => {
  test("is kept, told with what it holds now", async () => {
    const { pair, source, destination, put } = await conflicting();
    const policy: Policy = { onConflict: "keep", ours: [foreign.digest as Digest] };
    const plan = stored(await pair.engine.plan({ source, destination, policy }));
    await put(other);
    const item = only(await pair.engine.apply(plan));
    expect(item.outcome).toBe("unchanged");
    expect(item.reason).toContain(other.digest);
    expect(await pair.tagged(destination)).toBe(other.digest);
  });

  test("fails as a conflict where it must not be replaced", async () => {
    const { pair, source, destination, put } = await conflicting();
    const policy: Policy = { onConflict: "fail", ours: [foreign.digest as Digest] };
    const plan = await pair.engine.plan({ source, destination, policy });
    await put(other);
    const item = only(await pair.engine.apply(plan));
    expect(item).toMatchObject({
      outcome: "failed",
      error: { code: "conflict", reference: expect.stringContaining("to/app:1") as string },
    });
    expect(item.error?.message).toContain(other.digest);
    expect(await pair.tagged(destination)).toBe(other.digest);
  });

  test("is not written where it was absent at plan", async () => {
    const pair = await startPair();
    const source = await pair.seed(wanted);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1"), policy: { onConflict: "fail" } });
    await push(foreign, { host: pair.destination.host, repository: "to/app", tag: "1" });
    expect(only(await pair.engine.apply(plan))).toMatchObject({ outcome: "failed", error: { code: "conflict" } });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(foreign.digest);
  });

  test("also while the blobs are on their way", async () => {
    const pair = await startPair();
    const source = await pair.seed(wanted);
    pair.destination.intercept = ({ method, kind }) => {
      if (method !== "PUT" || kind !== "upload") return undefined;
      pair.destination.intercept = undefined;
      return { until: push(foreign, { host: pair.destination.host, repository: "to/app", tag: "1" }) };
    };
    const item = await pair.copy(source, pair.at("to/app:1"), { onConflict: "keep" });
    expect(item.outcome).toBe("unchanged");
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(foreign.digest);
  });

  test("is done when what is wanted came there meanwhile", async () => {
    const pair = await startPair();
    const source = await pair.seed(wanted);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1"), policy: { onConflict: "fail" } });
    await push(wanted, { host: pair.destination.host, repository: "to/app", tag: "1" });
    expect(only(await pair.engine.apply(plan)).outcome).toBe("done");
  });
});

describe("images that are the same by their ID", () => {
  const config = { seed: "same", layers: [300] };
  const plain = buildImage(config);
  const renamed = buildImage({ ...config, annotations: { note: "the manifest differs, the configuration does not" } });
  const arm = buildImage({ seed: "arm", platform: { os: "linux", architecture: "arm64" } });

  test.each([
    ["two images", renamed, plain],
    ["an index and an image", buildIndex({ children: [arm, renamed] }), plain],
    ["an image and an index", renamed, buildIndex({ children: [arm, plain] })],
    ["a nested index and an image", buildIndex({ children: [arm, renamed] }), buildIndex({ children: [plain] })],
  ])("are in place: %s", async (_what, image, held) => {
    const { pair, source, destination } = await conflicting(image, held);
    const policy: Policy = { sameImage: "image-id", onConflict: "fail" };
    const plan = await pair.engine.plan({ source, destination, policy });
    expect(plan.items).toMatchObject([{ action: "skip", digest: held.digest }]);
    await pair.engine.apply(plan);
    expect(await pair.tagged(destination)).toBe(held.digest);
  });

  test("are different by their digests, which is the default", async () => {
    const { pair, source, destination } = await conflicting(renamed, plain);
    expect(await pair.copy(source, destination)).toMatchObject({ outcome: "done" });
    expect(await pair.tagged(destination)).toBe(renamed.digest);
  });

  test.each([
    ["configurations that differ", wanted, foreign],
    ["an index without linux/amd64", buildIndex({ children: [arm] }), arm],
  ])("are not in place: %s", async (_what, image, held) => {
    const { pair, source, destination } = await conflicting(image, held);
    expect(await pair.copy(source, destination, { sameImage: "image-id" })).toMatchObject({ outcome: "done" });
    expect(await pair.tree(destination)).toEqual(treeOf(image));
  });

  test("cost nothing more where the digests are equal", async () => {
    const { pair, source, destination } = await conflicting(plain, plain);
    await pair.engine.plan({ source, destination, policy: { sameImage: "image-id" } });
    expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
  });

  test("cannot be compared where the destination denies its manifest, which is no difference", async () => {
    const { pair, source, destination } = await conflicting(renamed, plain);
    pair.destination.intercept = ({ method, kind }) =>
      method === "GET" && kind === "manifest" ? { respond: { status: 403 } } : undefined;
    const policy: Policy = { sameImage: "image-id" };
    await expect(pair.engine.plan({ source, destination, policy })).rejects.toMatchObject({ code: "denied" });
  });
});
