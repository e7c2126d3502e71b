import { describe, expect, test } from "vitest";
import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import { type Digest, type Engine, type Reference, type RemovalReport } from "../../../engine/index.ts";
import { buildImage, buildIndex, push, treeOf, type TestManifest } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildIndex({ children: [buildImage({ seed: "removed", layers: [900] })] });
const foreign = buildImage({ seed: "somebody else's", layers: [300] });
const digest = image.digest as Digest;
const gone = { untagged: true, skipped: [] };
/** A removal that found nothing to collect. */
const nothing: RemovalReport = {
  untagged: true,
  absent: false,
  tags: [],
  manifests: [],
  blobs: [],
  bytes: 0,
  kept: [],
  skipped: [],
  unsupported: { manifests: 0, blobs: 0 },
};

/** The ways in which registries know to take one tag away. */
const ways: readonly (readonly [string, RegistryOptions])[] = [
  ["that deletes tags", {}],
  ["that deletes digests only", { tagDelete: false }],
];

async function put(pair: Pair, what: TestManifest, tag: string): Promise<Reference> {
  await push(what, { host: pair.destination.host, repository: "to/app", tag });
  return pair.at(`to/app:${tag}`);
}

function remove(engine: Engine, reference: Reference): Promise<RemovalReport> {
  return engine.remove(reference, { expectDigest: digest });
}

function writes(pair: Pair): string[] {
  const changing = pair.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET");
  return changing.map(({ method, kind, status }) => `${method} ${kind} ${status}`);
}

describe.each(ways)("at a registry %s", (_name, options) => {
  test("a tag goes, and the image with its other tags stays whole", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    const sibling = await put(pair, image, "2");
    expect(await remove(pair.engine, reference)).toEqual({ ...nothing, kept: [{ digest, by: "tag 2" }] });
    expect(await pair.tagged(reference)).toBeUndefined();
    expect(await pair.tree(sibling)).toEqual(treeOf(image));
    expect(pair.destination.openUploads()).toBe(0);
  });

  test("the last tag goes, and with policy untag what it held is left to the registry", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    expect(await pair.engine.remove(reference, { expectDigest: digest, policy: "untag" })).toEqual(nothing);
    expect(await pair.tagged(reference)).toBeUndefined();
    expect(await pair.tree(pair.at(`to/app@${digest}`))).toEqual(treeOf(image));
    const tags = (await (await fetch(`${pair.destination.url}/v2/to/app/tags/list`)).json()) as { tags: unknown };
    expect(tags.tags ?? []).toEqual([]);
  });

  test("a tag that holds something unreadable is somebody else's and stays", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "GET" ? { respond: { status: 200, body: "<html>" } } : undefined;
    const report = await pair.engine.remove(reference, { expectDigest: foreign.digest as Digest });
    expect(report).toMatchObject({ untagged: false, kept: [{ digest }] });
    expect(await pair.tagged(reference)).toBe(digest);
  });

  test("a tag that the registry denies to HEAD goes all the same", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "HEAD" ? { respond: { status: 404 } } : undefined;
    expect(await remove(pair.engine, reference)).toMatchObject(gone);
    expect(await pair.tagged(reference)).toBeUndefined();
    await put(pair, image, "1");
    expect(await pair.engine.remove(reference, { dryRun: true })).toMatchObject({ ...gone, absent: false });
    expect(await pair.engine.remove(reference)).toMatchObject({ ...gone, absent: false });
    expect(await pair.tagged(reference)).toBeUndefined();
  });

  test("a tag that holds somebody else's image stays, and nothing is written", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, foreign, "1");
    const report = await remove(pair.engine, reference);
    expect(report).toMatchObject({ untagged: false, kept: [{ digest: foreign.digest }] });
    expect(report.kept[0]?.by).toContain(digest);
    expect(writes(pair).filter((one) => one.startsWith("DELETE"))).toEqual([]);
    expect(await pair.tagged(reference)).toBe(foreign.digest);
  });

  test.each([
    ["the tag", "to/app:gone"],
    ["the repository", "nowhere:1"],
  ])("%s that is gone already is success", async (_what, text) => {
    const pair = await startPair({ destination: options });
    await put(pair, image, "1");
    expect(await remove(pair.engine, pair.at(text))).toMatchObject(gone);
  });

  test("a tag that does not hold the digest written beside it stays", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, foreign, "1");
    const report = await pair.engine.remove(pair.at(`to/app:1@${digest}`));
    expect(report).toMatchObject({ untagged: false, kept: [{ digest: foreign.digest }] });
    expect(await pair.tagged(reference)).toBe(foreign.digest);
    expect(await pair.engine.remove(pair.at(`to/app:1@${foreign.digest}`))).toMatchObject({ untagged: true });
    expect(await pair.tagged(reference)).toBeUndefined();
  });

  test("removing twice is success both times", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    const reports = await Promise.all([remove(pair.engine, reference), remove(pair.engine, reference)]);
    expect(reports).toMatchObject([gone, gone]);
  });

  test("a tag that vanishes between the look and the delete is success", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    let vanished = false;
    pair.destination.intercept = ({ kind, method, reference: key }) => {
      if (kind !== "manifest" || key !== "1") return undefined;
      vanished ||= method === "DELETE";
      return vanished ? { respond: { status: 404 } } : undefined;
    };
    const removal = { expectDigest: digest, policy: "untag" } as const;
    expect(await pair.engine.remove(reference, removal)).toMatchObject(gone);
  });

  test("a tag that is there after 404 to its delete is taken away in another way", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    await put(pair, image, "2");
    pair.destination.intercept = ({ kind, method, reference: key }) =>
      kind === "manifest" && method === "DELETE" && key === "1" ? { respond: { status: 404 } } : undefined;
    expect(await remove(pair.engine, reference)).toMatchObject(gone);
    expect(await pair.tagged(reference)).toBeUndefined();
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
  });

  test("a tag that this process has put again since keeps its digest: create before destroy", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    const since = Date.now();
    await pair.copy(await pair.seed(image), reference);
    const report = await pair.engine.remove(reference, { expectDigest: digest, since });
    expect(report).toMatchObject({ untagged: false, kept: [{ digest }] });
    expect(await pair.tree(reference)).toEqual(treeOf(image));
  });

  test("a tag that this process has found in place for another owner is kept too", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    await pair.engine.plan({ source: await pair.seed(image), destination: reference });
    expect(await remove(pair.engine, reference)).toMatchObject({ untagged: false, kept: [{ digest }] });
    expect(await pair.tagged(reference)).toBe(digest);
  });

  test("what this process put before the removal was decided is no claim of a new owner", async () => {
    const pair = await startPair({ destination: options });
    const reference = pair.at("to/app:1");
    await pair.copy(await pair.seed(image), reference);
    const report = await pair.engine.remove(reference, { expectDigest: digest, since: Date.now() + 1 });
    expect(report).toMatchObject(gone);
    expect(await pair.tagged(reference)).toBeUndefined();
  });

  test("a claim on one tag keeps no other", async () => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "2");
    await pair.copy(await pair.seed(image), pair.at("to/app:1"));
    expect(await remove(pair.engine, reference)).toMatchObject(gone);
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(digest);
  });

  test("a removal and a copy of the same tag at the same time leave the tag whole", async () => {
    for (let round = 0; round < 5; round += 1) {
      const pair = await startPair({ destination: options });
      const source = await pair.seed(image);
      const reference = await put(pair, image, "1");
      const since = Date.now();
      const [item] = await Promise.all([
        pair.copy(source, reference),
        pair.engine.remove(reference, { expectDigest: digest, since }),
      ]);
      // Either the removal came first and the copy put it again, or it found a new owner.
      expect(item.outcome).not.toBe("failed");
      const planned = item.item.action;
      expect(planned === "skip" || (await pair.tagged(reference)) === digest).toBe(true);
      if (planned === "copy") await pair.tree(reference);
    }
  });

  test.each([
    [401, "unauthorized"],
    [403, "denied"],
    [429, "rate-limited"],
    [500, "unavailable"],
  ])("an answer of %i to any request is an error, and the tag stays", async (status, code) => {
    for (const method of ["HEAD", "DELETE"]) {
      const pair = await startPair({ destination: options });
      const reference = await put(pair, image, "1");
      pair.destination.intercept = (request) =>
        request.kind === "manifest" && (request.method === method || (method === "HEAD" && request.method === "GET"))
          ? { respond: { status } }
          : undefined;
      await expect(remove(pair.engine, reference)).rejects.toMatchObject({ code, side: "destination" });
      expect(await pair.tagged(reference)).toBe(digest);
    }
  });

  test("after a removal the same image is copied again as if nothing had been known", async () => {
    const pair = await startPair({ destination: options });
    const source = await pair.seed(image);
    const reference = pair.at("to/app:1");
    await pair.copy(source, reference);
    await pair.engine.remove(reference, { expectDigest: digest, since: Date.now() + 1 });
    expect(await pair.copy(source, reference)).toMatchObject({ outcome: "done" });
    expect(await pair.tree(reference)).toEqual(treeOf(image));
  });
});

describe("at a registry that deletes nothing", () => {
  test.each([
    ["neither digests nor tags", { allowDelete: false }],
    ["and would not know how to delete a tag", { allowDelete: false, tagDelete: false }],
  ])("%s, a removal is unsupported with advice, and nothing is written", async (_name, options) => {
    const pair = await startPair({ destination: options });
    const reference = await put(pair, image, "1");
    pair.resetCounts();
    await expect(remove(pair.engine, reference)).rejects.toMatchObject({
      code: "unsupported",
      side: "destination",
      status: 405,
      hint: expect.stringContaining("storage.delete.enabled") as string,
    });
    expect(writes(pair)).toEqual(["DELETE manifest 405", "DELETE manifest 405"]);
    expect(await pair.tree(reference)).toEqual(treeOf(image));
  });
});
