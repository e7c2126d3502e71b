import { describe, expect, test } from "vitest";
import { buildImage, bytesBlob, imageKinds, manifestOf, treeOf, types } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

describe("what arrives is what was there, byte for byte", () => {
  test.each(imageKinds)("$name", async (kind) => {
    const pair = await startPair();
    const image = kind.build();
    const source = await pair.seed(image);
    const destination = pair.at("to/app:1");
    const item = await pair.copy(source, destination);
    expect(item).toMatchObject({ outcome: "done", item: { action: "copy", digest: image.digest } });
    expect(item.error).toBeUndefined();
    expect(await pair.tree(destination)).toEqual(treeOf(image));
    expect(pair.destination.openUploads()).toBe(0);
    const again = await pair.copy(source, destination);
    expect(again).toMatchObject({ outcome: "unchanged", item: { action: "skip" } });
  });

  test("types that nobody knows, capitals included", async () => {
    const pair = await startPair();
    const mediaType = "application/vnd.Example.Thing.v1+json";
    const content = bytesBlob("content");
    const document = {
      schemaVersion: 2,
      mediaType,
      layers: [{ mediaType: "application/vnd.Example.Part", digest: content.digest, size: content.size }],
    };
    const image = manifestOf(mediaType, document, { blobs: [content] });
    await pair.copy(await pair.seed(image), pair.at("to/app:1"));
    // The witness asks for the types it knows; this one comes by its digest.
    const answer = await fetch(`${pair.destination.url}/v2/to/app/manifests/1`, { headers: { accept: "*/*" } });
    expect(answer.headers.get("content-type")).toBe(mediaType);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(image.bytes);
  });
});

describe("Docker schema 1", () => {
  test.each([types.docker.manifest, "application/vnd.docker.distribution.manifest.v1+prettyjws"])(
    "is refused by name, served as %s, and nothing is written",
    async (served) => {
      const pair = await startPair();
      const source = await pair.seed(buildImage({ seed: "x" }));
      const body = JSON.stringify({ schemaVersion: 1, name: "app", tag: "1", fsLayers: [], history: [] });
      pair.source.intercept = ({ kind, method }) =>
        kind === "manifest" && method === "GET"
          ? { respond: { status: 200, headers: { "Content-Type": served }, body } }
          : undefined;
      await expect(pair.copy(source, pair.at("to/app:1"))).rejects.toMatchObject({
        code: expect.stringMatching(/unsupported-media-type|digest-mismatch/) as string,
      });
      expect(pair.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    },
  );
});
