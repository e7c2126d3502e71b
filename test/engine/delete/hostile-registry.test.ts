import { describe, expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import { buildImage, descriptorOf, push, type TestManifest, treeOf, types } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildImage({ seed: "image", layers: [300, 200] });
const neighbour = buildImage({ seed: "neighbour", layers: [100] });
const digest = image.digest as Digest;

/** A registry with the image under one tag and a neighbour under another. */
async function start(): Promise<Pair> {
  const pair = await startPair();
  await push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
  await push(neighbour, { host: pair.destination.host, repository: "to/app", tag: "2" });
  return pair;
}

test.each<readonly [string, unknown]>([
  ["objects in place of names", [{ name: "1" }, { name: "2" }]],
  ["a name that is no tag", ["2", "a/b"]],
  ["numbers", ["2", 3]],
])("a list of tags with %s is a doubt, and everything is kept", async (_what, tags) => {
  const pair = await start();
  pair.destination.intercept = ({ kind }) =>
    kind === "tags" ? { respond: { status: 200, body: JSON.stringify({ name: "to/app", tags }) } } : undefined;
  const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
  expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [{ what: "collection" }] });
  expect(await pair.tree(pair.at(`to/app@${digest}`))).toEqual(treeOf(image));
});

test("referrers of referrers that a registry makes up without an end are a doubt", async () => {
  const pair = await start();
  const madeUp = new Map<string, TestManifest>();
  pair.destination.intercept = ({ kind, method, path, reference }) => {
    const subject = /\/referrers\/(sha256:[0-9a-f]+)/.exec(path)?.[1];
    if (subject !== undefined) {
      const size = 100;
      const referrer = buildArtifact({
        seed: String(madeUp.size),
        blobs: [],
        subject: { mediaType: types.oci.manifest, digest: subject, size },
      });
      madeUp.set(referrer.digest, referrer);
      // A mark that follows for ever ends here, so that the test fails and does not hang.
      const manifests = madeUp.size > 3000 ? [] : [descriptorOf(referrer)];
      const headers = { "content-type": types.oci.index };
      return { respond: { status: 200, headers, body: JSON.stringify({ schemaVersion: 2, manifests }) } };
    }
    const asked = kind === "manifest" && method === "GET" ? madeUp.get(reference) : undefined;
    return asked && { respond: { status: 200, headers: { "content-type": asked.mediaType }, body: asked.bytes } };
  };
  const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
  expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [{ what: "collection" }] });
  expect(report.skipped[0]?.why).toContain("more than 256 manifests deep");
  expect(madeUp.size).toBeLessThan(1000);
});

test.each([
  ["does not know one manifest", 404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'],
  ["answers once with a page", 404, "<html>not found</html>"],
  ["answers once with a page that is no error", 200, "<html>welcome</html>"],
])("referrers stay whole at a registry that %s when they are listed", async (_what, status, body) => {
  const pair = await start();
  const at = { host: pair.destination.host, repository: "to/app" };
  const configType = "application/vnd.x";
  const referrer = buildArtifact({ seed: "signature", blobs: [70], subject: descriptorOf(image), configType });
  await push(referrer, at);
  // With the same layer.
  const sharing = buildArtifact({ seed: "signature", blobs: [70], configType });
  await push(sharing, { ...at, tag: "3" });
  await pair.engine.collect(pair.at("to/app"), { digests: [neighbour.digest as Digest] });
  pair.destination.intercept = ({ path }) =>
    path.includes(`/referrers/${neighbour.digest}`) ? { respond: { status, body } } : undefined;
  await pair.engine.remove(pair.at("to/app:2"), { expectDigest: neighbour.digest as Digest });
  await pair.engine.remove(pair.at("to/app:3"), { expectDigest: sharing.digest as Digest });
  expect(await pair.tree(pair.at(`to/app@${referrer.digest}`))).toEqual(treeOf(referrer));
});

describe("a tag that is listed with nothing behind it", () => {
  /** A registry whose list shows a tag "1" that it may not have. */
  function list(pair: Pair): string[] {
    const puts: string[] = [];
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind === "manifest" && method === "PUT") puts.push(reference);
      const body = JSON.stringify({ name: "to/app", tags: ["1", "2"] });
      return kind === "tags" ? { respond: { status: 200, body } } : undefined;
    };
    return puts;
  }

  test("is no leftover where the tag has just been deleted by itself, and the list is old", async () => {
    const pair = await start();
    const puts = list(pair);
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: true, manifests: [digest], skipped: [] });
    expect(puts).toEqual([]);
  });

  test("gets no stand-in at a registry that deletes nothing", async () => {
    const pair = await startPair({ destination: { allowDelete: false } });
    await push(neighbour, { host: pair.destination.host, repository: "to/app", tag: "2" });
    const puts = list(pair);
    const report = await pair.engine.collect(pair.at("to/app"));
    expect(report).toMatchObject({ tags: [], skipped: [{ what: "tag 1" }] });
    expect(puts).toEqual([]);
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });
});
