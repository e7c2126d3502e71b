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
    for (const size of [1, 23, 40, 600, 5000]) {
      const digests = ["a", "b", "c"].map((seed) => layerBlob(seed, size).digest);
      expect(new Set(digests).size).toBe(size === 23 ? 1 : 3);
    }
  });
});

describe("images", () => {
  test("the digests of all kinds stay what they are, so that figures and fixtures can be compared", () => {
    expect(Object.fromEntries(imageKinds.map((kind) => [kind.name, kind.build().digest]))).toMatchInlineSnapshot(`
      {
        "Docker image": "sha256:fa037d00153ddec51578cc87c75f9fc6594d2667de5882a31915e0017e1d5d71",
        "Docker list": "sha256:f36dae01f5d1097899b658e2eff068b012e18d77c54c553c88bfcdfa4eb5e70c",
        "artifact with an unknown config type": "sha256:11ff339ce396ee011c3dd14b58bb5724616ff49b1474c1fa7b89b4e5b4c5ee81",
        "artifact with the empty config": "sha256:5858f0d6eac4360c8c8d84281e76767f825d0148607aeabd6e2eae7be4acdcbe",
        "duplicate layers": "sha256:d6ccbba6b864a4ed0fe97ee41666ffb594fd1af6056895509db2ce1f820e487b",
        "foreign layer": "sha256:d26d6eda1b85106abc5c50ce4ec6bd5d3112e454bb0586a0a0c8264f8db36f95",
        "foreign layer of Docker": "sha256:c131cd0a58094109e02c9837c173396af33eaaa1bce811d52406777a2fb8c745",
        "index of five platforms": "sha256:ecd1d2f3ba228f20f5dece1db2f7c93ac86924c94453bf157188951a1f50a356",
        "index with attestations": "sha256:476448782d0062adfd0b1b96db9020c662879f3fcb4a778c41ed3fe72faac21a",
        "index with subject and artifact type": "sha256:6c812796e5a650a72b1a8a5b29a069a7cea87252d2d75dfa4a448db51de02ef2",
        "index without children": "sha256:57a09c0e726bd49e814ab0acf1513aabaf8ab32a118b40d7fb5bdfd32f97fdad",
        "layers of a few bytes": "sha256:531cad0058c13cb436b5a7314d604e83a7fd1e916320f6dbfa50da646de48260",
        "nested index": "sha256:eefcac0449f42391bcf3f750ca43aca4028de799860b850c034a3c375a495f45",
        "no layers": "sha256:d6e26559762990c2dbb3adbb2582a90370b36df3fc268f415ee7ae78b4171d56",
        "no media type in the document": "sha256:9e05448b1ecaefed3f7e9d503fb225e2f2b449d6220abfc2aa4e58cce22baf5f",
        "sha512 layer": "sha256:95523a79699213a57f4e5168a36296ec6b953eb9d71e22b92acbf05f017cd829",
        "single image": "sha256:4b00bda9ff9aabdb0be302293eb2022352a0f33bee4e8eac4bbefbee93fe8c1a",
        "subject that is missing": "sha256:b9932e7899f203b9f8b00545c8f81c37b977291818dcb458dd4ddef68a122df0",
        "unknown members": "sha256:11eda16aa425090aa6c975e2966f0a1615c2aeea821e905b7871fd3068c5461d",
        "withdrawn artifact manifest": "sha256:cf0a5d5ee5656e7f02e328d2ce5501922f111dcd6c787a7df902b11e2790f67f",
        "zero-byte layer": "sha256:01cbb34c9dbcd00115abc44aee48fd4de55476c6c9d666a6c27f76d51996553b",
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
