import { expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

const digest = buildImage({ seed: "expected", layers: [100] }).digest as Digest;

test.each([
  ["tags", {}],
  ["digests only", { tagDelete: false }],
])("an image that calls itself a stand-in stays at a registry that deletes %s", async (_what, destination) => {
  const pair = await startPair({ destination });
  const image = buildArtifact({ seed: "image", blobs: [70], annotations: { "io.imagesync.stand-in.for": digest } });
  await push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
  const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
  expect(report).toMatchObject({ untagged: false, kept: [{ digest: image.digest }] });
  expect(await pair.engine.collect(pair.at("to/app"))).toMatchObject({ tags: [], skipped: [] });
  expect(await pair.tagged(pair.at("to/app:1"))).toBe(image.digest);
});
