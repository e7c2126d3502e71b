import { expect, test } from "vitest";
import { buildImage, buildIndex, bytesBlob, manifestOf, push, treeOf, types } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

const image = buildImage({ seed: "named twice", layers: [600] });

/** An artifact that carries the manifest of `image` as its layer. */
function bundleOfImage(): ReturnType<typeof manifestOf> {
  const empty = bytesBlob("{}");
  const content = bytesBlob(image.bytes.toString());
  const document = {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: empty.digest, size: empty.size },
    layers: [{ mediaType: image.mediaType, digest: content.digest, size: content.size }],
  };
  return manifestOf(types.oci.manifest, document, { blobs: [empty, content] });
}

const orders = [
  ["the blob first", [bundleOfImage(), image]],
  ["the manifest first", [image, bundleOfImage()]],
] as const;

test.each(orders)(
  "what is a blob of one image and a manifest of another arrives as both, %s",
  async (_name, children) => {
    const pair = await startPair();
    const at = { host: pair.source.host, repository: "from/app" };
    for (const child of children) await push(child, at);
    const index = buildIndex({ children });
    const source = await pair.seed({ ...index, children: [] });
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
    const { digest, manifests } = await pair.tree(pair.at("to/app:1"));
    expect(digest).toBe(index.digest);
    expect(Object.keys(manifests)).toContain(image.digest);

    await fetch(`${pair.destination.url}/v2/to/app/manifests/${image.digest}`, { method: "DELETE" });
    const { missing } = await pair.newEngine().inspect(pair.at("to/app:1"), { depth: "blobs" });
    expect(missing.manifests).toEqual([image.digest]);
  },
);

test("a layer that one image leaves at its origin is copied for the image that brings it along", async () => {
  const pair = await startPair();
  const layer = { size: 700, seed: "shared" };
  const leaving = buildImage({ seed: "leaving", layers: [{ ...layer, foreign: true }] });
  const bringing = buildImage({ seed: "bringing", layers: [layer] });
  const index = buildIndex({ children: [leaving, bringing] });
  expect(await pair.copy(await pair.seed(index), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
});
