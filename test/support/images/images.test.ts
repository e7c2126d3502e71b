import { spawnSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildImage, buildTagSet, digestOf, imageKinds, layerBlob, treeOf } from "./index.ts";

describe("layers", () => {
  test("a layer has exactly the size that was asked for, and its digest is that of its content", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300_000 }), fc.string({ maxLength: 8 }), (size, seed) => {
        const blob = layerBlob(seed, size);
        const content = Buffer.concat([...blob.open()]);
        expect(content.length).toBe(size);
        expect(blob.size).toBe(size);
        expect(digestOf([content])).toBe(blob.digest);
      }),
      { numRuns: 60 },
    );
  });

  test.each([23, 24, 541, 1559, 1600, 65_535, 1_048_560, 1_048_700, 2_500_000])(
    "a layer of %i bytes is a gzip file, and the diff id is the digest of what is inside",
    (size) => {
      const blob = layerBlob("gzip", size);
      const inside = gunzipSync(Buffer.concat([...blob.open()]));
      expect(digestOf([inside])).toBe(blob.diffId);
    },
  );

  test.each([3000, 2_500_000])("tar reads the archive inside a layer of %i bytes", (size) => {
    const blob = layerBlob("archive", size);
    const tar = spawnSync("tar", ["-tvz"], { input: Buffer.concat([...blob.open()]), encoding: "utf8" });
    expect(tar.stderr).toBe("");
    expect(tar.status).toBe(0);
    expect(tar.stdout.trim().split("\n")).toHaveLength(1);
  });

  test("layers do not compress", () => {
    const content = Buffer.concat([...layerBlob("dense", 200_000).open()]);
    const gzip = spawnSync("gzip", ["-c"], { input: content, maxBuffer: 1 << 20 });
    expect(gzip.stdout.length).toBeGreaterThan(190_000);
  });

  test("a huge layer is made piece by piece", () => {
    const size = 40_000_000;
    let total = 0;
    for (const piece of layerBlob("huge", size).open()) {
      expect(piece.length).toBeLessThanOrEqual(1_100_000);
      total += piece.length;
    }
    expect(total).toBe(size);
  });

  test("other seeds give other layers, also where there is hardly room", () => {
    for (const size of [1, 23, 24, 27, 40, 600, 5000]) {
      const digests = ["a", "b", "c"].map((seed) => layerBlob(seed, size).digest);
      expect(new Set(digests).size).toBe(size === 23 || size === 24 ? 1 : 3);
    }
  });
});

describe("images", () => {
  test("the digests of all kinds stay what they are, so that figures and fixtures can be compared", () => {
    expect(Object.fromEntries(imageKinds.map((kind) => [kind.name, kind.build().digest]))).toMatchInlineSnapshot(`
      {
        "Docker image": "sha256:9fff6b1bee7908119a9066409cb8196492616557515992881fd954adcdcab2f5",
        "Docker list": "sha256:cf09624d047b3ed32f620264db943acdc005f0a77e6b4fc0a3d746f3db693174",
        "artifact with an unknown config type": "sha256:0c9a14c61e959f708320cdd3342228db1ac064bd01b58bd11357e740c05e01f0",
        "artifact with the empty config": "sha256:2d368cf7982d6bc0dc61cd59781c5a7c340a9c722430910513acd8c11fc0cbec",
        "duplicate layers": "sha256:62a43ed44db7d52ea89161fb6db701ccbad61566186002025811f50ce7633d06",
        "foreign layer": "sha256:6899ad855bfe6ca2d32f4b46d97b10767b548bb40e3d9640319ee277c9cb5091",
        "foreign layer of Docker": "sha256:2626ad67d353386a841f083309f2ac9abc945c259bd25ee85186321a54976bed",
        "index of five platforms": "sha256:6a126b53077e04267bfae62f3c906e4bf3bf960a2d60117a3de7afdc5e8b16d5",
        "index with attestations": "sha256:22e4d3e31ade1c4c0862a1e933a3cfceb8fef830dc006d92002947d4c81ad2c6",
        "index with subject and artifact type": "sha256:582a42d7e6d6561bc9e45ce93cb1f0ad2c2502b28aed5d3410fe513347185cc0",
        "index without children": "sha256:57a09c0e726bd49e814ab0acf1513aabaf8ab32a118b40d7fb5bdfd32f97fdad",
        "layers of a few bytes": "sha256:531cad0058c13cb436b5a7314d604e83a7fd1e916320f6dbfa50da646de48260",
        "nested index": "sha256:8da8c73b7a07ae00c7a8525049857102aca0f3bd124912c85bea7277f70c86a2",
        "no layers": "sha256:d6e26559762990c2dbb3adbb2582a90370b36df3fc268f415ee7ae78b4171d56",
        "no media type in the document": "sha256:0a1e2a1341ae2a466bb097e842d418d7d51d3fd15765dcedf9be54970510d8d4",
        "sha512 layer": "sha256:15c5597e5feea78d9a3b88877106b46719be3a2fc03d1805d0f1ec58a9f9e4d6",
        "single image": "sha256:b8a5a95332fd117460cbe7e4e571838dec75d9c24fede292909f7e9bb8a692c4",
        "subject that is missing": "sha256:e47c55b2f48b7448ea66b3101769486b782b4a1dd57f6ee3a1c8a959ff82b8d8",
        "unknown members": "sha256:df07a391812b6d3ea68aa395b7651920dbb266b60ba03ec433919d90b4775b3f",
        "withdrawn artifact manifest": "sha256:ab3f08244f2233402a717ffc30b0a04e7d7f64f07819d4f1c0e77b545f9c3cd0",
        "zero-byte layer": "sha256:7eefba36d8e1ea93db5ff7bcade382af3cf57fa4c2b424a15e51c7cc2725b1ec",
      }
    `);
  });

  test("a manifest that is parsed and written again gets another digest", () => {
    for (const kind of imageKinds) {
      const image = kind.build();
      const again = Buffer.from(JSON.stringify(JSON.parse(image.bytes.toString())));
      expect(digestOf([again])).not.toBe(image.digest);
    }
  });

  test("a tag set shares its bases and repeats images under second names", () => {
    const tags = buildTagSet({ seed: "s", tags: 30, manifests: 24, bases: 6, baseLayers: [2000], ownLayers: [1600] });
    const trees = [...tags.values()].map(treeOf);
    expect(tags.size).toBe(30);
    expect(new Set(trees.map((tree) => tree.digest)).size).toBe(24);
    expect(new Set(trees.flatMap((tree) => Object.keys(tree.blobs))).size).toBe(24 + 24 + 6);
  });

  test("an image has its layers in order, duplicates included, and sends them once", () => {
    const image = buildImage({ seed: "x", layers: [{ size: 100, seed: "a" }, 200, { size: 100, seed: "a" }] });
    const { layers } = JSON.parse(image.bytes.toString()) as { layers: { digest: string; size: number }[] };
    expect(layers.map((layer) => layer.size)).toEqual([100, 200, 100]);
    expect(layers[0]?.digest).toBe(layers[2]?.digest);
    expect(Object.keys(treeOf(image).blobs)).toHaveLength(3);
  });
});
