import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../engine/index.ts";
import {
  buildImage,
  buildIndex,
  buildPlatformIndex,
  digestOf,
  manifestOf,
  treeOf,
  types,
  type TestManifest,
} from "../../support/images/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import { buildAttestation } from "../../support/images/image-index.ts";
import { only, type Pair, startPair, stored } from "../pair.ts";

const index = buildPlatformIndex({ seed: "subset", layers: [900], shared: 700 });
const [amd64, arm64, arm, ppc64le] = index.children;
const wanted = (...texts: string[]): { platforms: ReturnType<typeof parsePlatform>[] } => ({
  platforms: texts.map(parsePlatform),
});

interface IndexDocument {
  readonly mediaType: string;
  readonly manifests: readonly { digest: string; platform?: object; annotations?: object }[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The index at a tag, as it was stored. */
async function indexAt(pair: Pair, text: string): Promise<{ digest: string; document: IndexDocument; text: string }> {
  const tree = await pair.tree(pair.at(text));
  const stored = tree.manifests[tree.digest]?.text ?? "";
  return { digest: tree.digest, document: JSON.parse(stored) as IndexDocument, text: stored };
}

function writes(pair: Pair): unknown[] {
  return pair.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET");
}

describe("some platforms of an index", () => {
  test("become a new index with their images untouched and the original's digest in an annotation", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const item = await pair.copy(source, pair.at("to/app:1"), wanted("linux/arm64", "linux/amd64"));
    const { digest, document } = await indexAt(pair, "to/app:1");
    expect(item).toMatchObject({ outcome: "done", item: { digest } });
    expect(document.manifests.map((child) => child.digest)).toEqual([amd64?.digest, arm64?.digest]);
    expect(document.annotations).toEqual({ "io.imagesync.original.digest": index.digest });
    // The descriptors stand as they did, field for field.
    const original = JSON.parse(index.bytes.toString()) as IndexDocument;
    expect(document).toEqual({
      ...original,
      manifests: original.manifests.slice(0, 2),
      annotations: document.annotations,
    });
    const tree = await pair.tree(pair.at("to/app:1"));
    for (const child of [amd64, arm64]) {
      expect(tree.manifests).toMatchObject(child ? treeOf(child).manifests : {});
    }
  });

  test("move nothing of the other platforms", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    pair.resetCounts();
    await pair.copy(source, pair.at("to/app:1"), wanted("linux/ppc64le"));
    const fetched = pair.source.requests.filter(({ kind, method }) => kind === "blob" && method === "GET");
    expect(new Set(fetched.map(({ path }) => path.split("/").at(-1)))).toEqual(
      new Set(ppc64le?.blobs.map((blob) => blob.digest)),
    );
  });

  test("have the same digest whoever asks, in whatever order and spelling, however often", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const digests = new Set<string | undefined>();
    const spellings = [
      wanted("linux/arm64", "linux/arm/v7"),
      wanted("linux/arm", "linux/arm64/v8"),
      wanted("Linux/aarch64", "linux/arm/v7", "linux/arm64"),
    ];
    for (const [number, policy] of spellings.entries()) {
      const destination = pair.at(`to/app:${number}`);
      await pair.copy(source, destination, { ...policy, engine: pair.newEngine() });
      digests.add(await pair.tagged(destination));
    }
    expect(digests.size).toBe(1);
    expect(digests).not.toContain(undefined);
    pair.resetCounts();
    const again = await pair.copy(source, pair.at("to/app:0"), {
      ...wanted("linux/arm64", "linux/arm"),
      engine: pair.newEngine(),
    });
    expect(again).toMatchObject({ outcome: "unchanged" });
    expect(writes(pair)).toEqual([]);
    const resolved = await pair.newEngine().resolve(source, wanted("linux/arm", "linux/arm64"));
    expect(resolved).toMatchObject({ sourceDigest: index.digest, digest: [...digests][0], mediaType: types.oci.index });
  });

  test("of a Docker list stay a Docker list", async () => {
    const pair = await startPair();
    const list = buildPlatformIndex({ seed: "list", layers: [500], mediaTypes: "docker" });
    await pair.copy(await pair.seed(list), pair.at("to/app:1"), wanted("linux/amd64"));
    const { document } = await indexAt(pair, "to/app:1");
    expect(document).toMatchObject({
      mediaType: types.docker.index,
      manifests: [{ digest: list.children[0]?.digest }],
    });
  });

  test("keep the attestations of their images, and only those", async () => {
    const pair = await startPair();
    const [one, other] = [amd64, arm64];
    if (one === undefined || other === undefined) throw new Error("The index has no children");
    const attested = buildIndex({ children: [one, other, buildAttestation(one), buildAttestation(other)] });
    await pair.copy(await pair.seed(attested), pair.at("to/app:1"), wanted("linux/arm64"));
    const { document } = await indexAt(pair, "to/app:1");
    expect(document.manifests.map((child) => child.digest)).toEqual([other.digest, buildAttestation(other).digest]);
  });

  test("are found in nested indexes, and the new index is flat", async () => {
    const pair = await startPair();
    const beside = buildImage({ seed: "beside", layers: [300], platform: { os: "windows", architecture: "amd64" } });
    const nested = buildIndex({ children: [buildIndex({ children: [index] }), beside] });
    await pair.copy(await pair.seed(nested), pair.at("to/app:1"), wanted("windows/amd64", "linux/s390x"));
    const { document } = await indexAt(pair, "to/app:1");
    expect(document.manifests.map((child) => child.digest)).toEqual([index.children[4]?.digest, beside.digest]);
    expect(document.annotations["io.imagesync.original.digest"]).toBe(nested.digest);
  });

  test("are found by the images' own words where the index says nothing", async () => {
    const pair = await startPair();
    const silent = buildIndex({
      children: index.children.map(({ mediaType, bytes, digest, blobs, children }) => ({
        mediaType,
        bytes,
        digest,
        blobs,
        children,
      })),
    });
    await pair.copy(await pair.seed(silent), pair.at("to/app:1"), wanted("linux/arm/v7"));
    const { document } = await indexAt(pair, "to/app:1");
    expect(document.manifests.map((child) => child.digest)).toEqual([arm?.digest]);
  });

  test("keep the annotations and unknown members of the index", async () => {
    const pair = await startPair();
    const document = {
      ...(JSON.parse(index.bytes.toString()) as object),
      annotations: { kept: "yes" },
      "x-vendor": [1, { a: null }],
    };
    const annotated = manifestOf(types.oci.index, document, { children: index.children });
    await pair.copy(await pair.seed(annotated), pair.at("to/app:1"), wanted("linux/amd64"));
    expect((await indexAt(pair, "to/app:1")).document).toMatchObject({
      annotations: { kept: "yes", "io.imagesync.original.digest": annotated.digest },
      "x-vendor": [1, { a: null }],
    });
  });

  test("of an index that offers no more than these are a new index all the same, so that the answer depends on nothing else", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const all = ["linux/amd64", "linux/arm64", "linux/arm", "linux/ppc64le", "linux/s390x"];
    await pair.copy(source, pair.at("to/app:1"), wanted(...all));
    expect((await indexAt(pair, "to/app:1")).document.manifests).toHaveLength(5);
  });

  test("are planned with their bytes, which another process applies", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1"), policy: wanted("linux/arm") });
    await pair.seed(buildImage({ seed: "the tag moves" }));
    expect(only(await pair.newEngine().apply(stored(plan)))).toMatchObject({ outcome: "done" });
    const { digest, text } = await indexAt(pair, "to/app:1");
    expect(plan.items[0]).toMatchObject({ digest, subset: { mediaType: types.oci.index, text } });
    expect(digestOf([Buffer.from(text)])).toBe(digest);
  });

  test("leave a mirror of the whole image alone until it is applied, then replace it", async () => {
    const pair = await startPair();
    const source = await pair.seed(index);
    await pair.copy(source, pair.at("to/app:1"));
    const item = await pair.copy(source, pair.at("to/app:1"), wanted("linux/amd64"));
    expect(item).toMatchObject({ outcome: "done", blobs: { copied: 0 }, item: { currentDigest: index.digest } });
    expect((await indexAt(pair, "to/app:1")).document.manifests).toHaveLength(1);
  });
});

describe("one image without an index", () => {
  const image = buildImage({
    seed: "alone",
    layers: [400],
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
  });

  test("is copied as it is when it is for the platform", async () => {
    const pair = await startPair();
    await pair.copy(await pair.seed(image), pair.at("to/app:1"), wanted("linux/arm64"));
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  });

  test("is refused when it is for another one", async () => {
    const pair = await startPair();
    const copy = pair.copy(await pair.seed(image), pair.at("to/app:1"), wanted("linux/amd64"));
    await expect(copy).rejects.toMatchObject({ code: "unsupported", side: "source" });
    await expect(copy).rejects.toThrow("does not offer linux/amd64; it offers linux/arm64");
    expect(writes(pair)).toEqual([]);
  });
});

describe("a platform that is not offered", () => {
  test.each([
    ["an index", (): TestManifest => index, "linux/amd64, linux/arm64, linux/arm/v7, linux/ppc64le, linux/s390x"],
    ["an empty index", (): TestManifest => buildIndex({ children: [] }), "no platform"],
    ["an artifact", (): TestManifest => buildArtifact({ seed: "chart", blobs: [100] }), "no platform"],
  ])("by %s is an error that names what is offered, before anything is written", async (_name, build, offered) => {
    const pair = await startPair();
    const source = await pair.seed(build());
    for (const policy of [
      wanted("linux/riscv64", "linux/amd64"),
      { requiredPlatforms: wanted("linux/riscv64").platforms },
    ]) {
      const copy = pair.copy(source, pair.at("to/app:1"), policy);
      await expect(copy).rejects.toMatchObject({ code: "unsupported", side: "source" });
      await expect(copy).rejects.toThrow(`it offers ${offered}`);
      await expect(copy).rejects.toThrow("linux/riscv64");
    }
    expect(writes(pair)).toEqual([]);
  });
});

describe("required platforms", () => {
  test("that are all offered let the whole image through, untouched", async () => {
    const pair = await startPair();
    const requiredPlatforms = wanted("linux/amd64", "linux/arm64").platforms;
    await pair.copy(await pair.seed(index), pair.at("to/app:1"), { requiredPlatforms });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
  });

  test("are looked for in the whole image, not in the subset", async () => {
    const pair = await startPair();
    const policy = { ...wanted("linux/amd64"), requiredPlatforms: wanted("linux/s390x").platforms };
    expect(await pair.copy(await pair.seed(index), pair.at("to/app:1"), policy)).toMatchObject({ outcome: "done" });
    expect((await indexAt(pair, "to/app:1")).document.manifests).toHaveLength(1);
  });

  test("that go missing at the source keep an image in place from being replaced", async () => {
    const pair = await startPair();
    await pair.copy(await pair.seed(index), pair.at("to/app:1"));
    const source = await pair.seed(buildIndex({ children: index.children.slice(0, 1) }));
    const requiredPlatforms = wanted("linux/arm64").platforms;
    await expect(pair.copy(source, pair.at("to/app:1"), { requiredPlatforms })).rejects.toMatchObject({
      code: "unsupported",
    });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(index.digest);
  });
});

describe("hostile content", () => {
  test("an index nested so deep that it cannot be written again is an error of ours", async () => {
    const pair = await startPair();
    const depth = 200_000;
    const text = index.bytes
      .toString()
      .replace('"manifests"', `"x":${"[".repeat(depth)}${"]".repeat(depth)},"manifests"`);
    const bytes = Buffer.from(text);
    const bomb: TestManifest = { ...index, bytes, digest: digestOf([bytes]) };
    const source = await pair.seed(bomb);
    await expect(pair.copy(source, pair.at("to/app:1"), wanted("linux/amd64"))).rejects.toMatchObject({
      name: "ImagesyncError",
      code: "manifest-invalid",
    });
    expect(writes(pair)).toEqual([]);
  });

  test("a config that is no JSON, no object or of the wrong types offers no platform", async () => {
    for (const config of [
      "",
      "<html>",
      "[]",
      '"x"',
      '{"os":1,"architecture":{}}',
      '{"__proto__":{"os":"linux","architecture":"amd64"}}',
    ]) {
      const pair = await startPair();
      const built = buildImage({ seed: "odd config" });
      const blob = { digest: digestOf([Buffer.from(config)]), size: config.length, open: () => [Buffer.from(config)] };
      const document = {
        ...(JSON.parse(built.bytes.toString()) as object),
        config: { mediaType: types.oci.config, digest: blob.digest, size: blob.size },
      };
      const image = manifestOf(types.oci.manifest, document, { blobs: [blob] });
      const source = await pair.seed(image);
      await expect(pair.copy(source, pair.at("to/app:1"), wanted("linux/amd64"))).rejects.toMatchObject({
        code: "unsupported",
      });
    }
  });
});

test("an inspection lists platforms with the digests of their images", async () => {
  const pair = await startPair();
  const source = await pair.seed(index);
  const { platforms } = await pair.engine.inspect(source, { platforms: true });
  expect([...(platforms ?? [])]).toEqual(
    ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/ppc64le", "linux/s390x"].map((name, number) => [
      name,
      index.children[number]?.digest,
    ]),
  );
});
