import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseReference, type Reference } from "../../../engine/index.ts";
import { buildPlatformIndex, treeOf } from "../../support/images/index.ts";
import { only, type Pair, startPair } from "../pair.ts";

const index = buildPlatformIndex({ seed: "sha512", layers: [700] });
const sha512 = `sha512:${createHash("sha512").update(index.bytes).digest("hex")}`;

/** A source that serves the image by its sha512 digest too. */
async function pinned(pair: Pair): Promise<Reference> {
  await pair.seed(index);
  pair.source.intercept = ({ kind, reference }) =>
    kind === "manifest" && reference === sha512
      ? { respond: { status: 200, headers: { "content-type": index.mediaType }, body: index.bytes } }
      : undefined;
  return parseReference(`${pair.source.host}/from/app@${sha512}`);
}

test("an image pinned by sha512 is copied, and its tag answers with the sha256 of the same bytes", async () => {
  const pair = await startPair();
  const source = await pinned(pair);
  const { sourceDigest, digest } = await pair.engine.resolve(source);
  expect({ sourceDigest, digest }).toEqual({ sourceDigest: sha512, digest: index.digest });
  const item = await pair.copy(source, pair.at("to/app:1"));
  expect(item).toMatchObject({ outcome: "done", item: { digest: index.digest, source: { digest: sha512 } } });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
});

test("an image pinned by sha512 that is in place moves nothing", async () => {
  const pair = await startPair();
  const source = await pinned(pair);
  await pair.copy(source, pair.at("to/app:1"));
  pair.resetCounts();
  const engine = pair.newEngine();
  const plan = await engine.plan({ source, destination: pair.at("to/app:1") });
  expect(only(await engine.apply(plan))).toMatchObject({ outcome: "unchanged" });
  expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
});

test("a source that serves other bytes than the sha512 digest names is refused before anything is written", async () => {
  const pair = await startPair();
  await pinned(pair);
  const wrong = parseReference(`${pair.source.host}/from/app@sha512:${"0".repeat(128)}`);
  pair.source.intercept = ({ kind }) =>
    kind === "manifest"
      ? { respond: { status: 200, headers: { "content-type": index.mediaType }, body: index.bytes } }
      : undefined;
  await expect(pair.engine.plan({ source: wrong, destination: pair.at("to/app:1") })).rejects.toMatchObject({
    code: "digest-mismatch",
  });
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
});
