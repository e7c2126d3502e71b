import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { atDigest, type Digest, parseLocation, type Reference } from "../../../engine/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import { buildImage, buildPlatformIndex, imageKinds, treeOf } from "../../support/images/index.ts";
import { only, startPair } from "../pair.ts";
import {
  blobPath,
  entryOf,
  otherFiles,
  readIndex,
  scratch,
  treeIn,
  writeContent,
  writeIndex,
  writeLayout,
} from "./test-layout.ts";

const image = buildImage({ seed: "app", layers: [4000, 70_000] });
const other = buildImage({ seed: "app", layers: [4000, 2000] });
const index = buildPlatformIndex({ seed: "index", layers: [3000], shared: 5000 });

function at(directory: string, rest = ""): Reference {
  return parseLocation(`oci:${directory}${rest}`);
}

describe("each kind of image goes into a layout and out of it byte for byte", () => {
  test.each(imageKinds)("$name", async (kind) => {
    const built = kind.build();
    const pair = await startPair();
    const directory = join(await scratch(), "new", "layout");
    const from = await pair.seed(built);

    expect(await pair.copy(from, at(directory, ":1"))).toMatchObject({
      outcome: "done",
      item: { digest: built.digest },
    });
    expect(await treeIn(directory, "1")).toEqual(treeOf(built));
    expect(await otherFiles(directory)).toEqual(["index.json", "oci-layout"]);
    const { manifests } = await readIndex(directory);
    expect(manifests).toMatchObject([entryOf(built, "1")]);

    // Another process finds it in place, and copies it on.
    const engine = pair.newEngine();
    expect(await pair.copy(from, at(directory, ":1"), { engine, integrity: "blobs" })).toMatchObject({
      outcome: "unchanged",
    });
    expect(await pair.copy(at(directory, ":1"), pair.at("to/app:1"), { engine })).toMatchObject({ outcome: "done" });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(built));
  });
});

test("blobs that are there are not written again, and what another image shares is there", async () => {
  const pair = await startPair();
  const directory = await scratch();
  await pair.copy(await pair.seed(image, "from/app", "1"), at(directory, ":1"));
  const shared = blobPath(directory, image.blobs[1]?.digest ?? "");
  await utimes(shared, 1, 1);

  const second = await pair.copy(await pair.seed(other, "from/app", "2"), at(directory, ":2"));

  expect(second.blobs).toEqual({ copied: 2, mounted: 0, present: 1 });
  expect((await stat(shared)).mtimeMs).toBe(1000);
  expect(await treeIn(directory, "1")).toEqual(treeOf(image));
  expect(await treeIn(directory, "2")).toEqual(treeOf(other));
});

test("two tags on one digest are two entries, and a copy between them moves nothing", async () => {
  const pair = await startPair();
  const directory = await scratch();
  await pair.copy(await pair.seed(index), at(directory, ":1"));

  const again = await pair.copy(at(directory, ":1"), at(directory, ":2"));

  expect(again).toMatchObject({ outcome: "done", bytes: 0, blobs: { copied: 0 } });
  expect((await readIndex(directory)).manifests).toMatchObject([entryOf(index, "1"), entryOf(index, "2")]);
  expect(await pair.engine.tags(at(directory))).toEqual(["1", "2"]);
});

test("a tag moves on: its entry is another one's then, and the other tags stay", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const first = await pair.seed(image, "from/app", "1");
  await pair.copy(first, at(directory, ":1"));
  await pair.copy(first, at(directory, ":stays"));

  await pair.copy(await pair.seed(other, "from/app", "2"), at(directory, ":1"));

  expect((await readIndex(directory)).manifests).toMatchObject([entryOf(image, "stays"), entryOf(other, "1")]);
  expect(await pair.engine.resolve(at(directory, ":1"))).toMatchObject({ digest: other.digest });
  expect(await pair.engine.resolve(at(directory, `@${image.digest}`))).toMatchObject({ digest: image.digest });
});

test("whatever else the index holds stays as it is", async () => {
  const pair = await startPair();
  const directory = await scratch();
  await writeLayout(directory, []);
  const strange = { mediaType: "application/x-strange", digest: "blake3:abc", size: -1, "x-own": [1, { a: null }] };
  const named = { ...entryOf(other, "docker.io/library/other:9"), urls: ["https://example.com"] };
  const unnamed = { ...entryOf(image), platform: { os: "linux", architecture: "arm64" }, annotations: { note: "é" } };
  await writeContent(directory, image);
  await writeIndex(directory, {
    schemaVersion: 2,
    manifests: [strange, named, unnamed],
    annotations: { whose: "theirs" },
    "x-member": { deep: true },
  });

  await pair.copy(await pair.seed(image), at(directory, ":1"));

  expect(await readIndex(directory)).toEqual({
    schemaVersion: 2,
    manifests: [strange, named, { ...unnamed, annotations: { note: "é", "org.opencontainers.image.ref.name": "1" } }],
    annotations: { whose: "theirs" },
    "x-member": { deep: true },
  });
});

describe("a tag is found", () => {
  const tagged = async (names: readonly (readonly [string | undefined, typeof image])[]): Promise<string> => {
    const directory = await scratch();
    await writeLayout(directory, names);
    return directory;
  };

  test("by its exact name before the tag of a whole reference", async () => {
    const pair = await startPair();
    const directory = await tagged([
      ["docker.io/library/app:1", other],
      ["1", image],
    ]);
    expect(await pair.engine.resolve(at(directory, ":1"))).toMatchObject({ digest: image.digest });
    expect(await pair.engine.tags(at(directory))).toEqual(["1"]);
  });

  test("in a whole reference when no other ends in it", async () => {
    const pair = await startPair();
    const directory = await tagged([
      ["docker.io/library/app:1", image],
      ["localhost:5000/other:2", other],
    ]);
    expect(await pair.engine.resolve(at(directory, ":1"))).toMatchObject({ digest: image.digest });
    expect(await pair.engine.tags(at(directory))).toEqual(["1", "2"]);
    await expect(pair.engine.resolve(at(directory, ":5000"))).rejects.toMatchObject({ code: "not-found" });
  });

  test("not when two images are called so", async () => {
    const pair = await startPair();
    const directory = await tagged([
      ["a.example/app:1", image],
      ["b.example/app:1", other],
    ]);
    await expect(pair.engine.resolve(at(directory, ":1"))).rejects.toMatchObject({
      code: "manifest-invalid",
      hint: expect.stringContaining("digest") as string,
    });
    expect(await pair.engine.tags(at(directory))).toEqual([]);
  });

  test("by nothing at all when there is one image, as skopeo does", async () => {
    const pair = await startPair();
    const directory = await tagged([[undefined, image]]);
    expect(await pair.engine.resolve(at(directory), { side: "source" })).toMatchObject({ digest: image.digest });
    await expect(pair.engine.resolve(at(directory, ":latest"))).rejects.toMatchObject({ code: "not-found" });
    const two = await tagged([
      ["1", image],
      ["2", other],
    ]);
    await expect(pair.engine.resolve(at(two), { side: "source" })).rejects.toMatchObject({
      code: "not-found",
      side: "source",
      hint: "It has 1, 2",
    });
  });
});

test("an image that is wanted by its digest alone gets an entry without a name", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const to = atDigest(at(directory), index.digest as Digest);
  expect(await pair.copy(await pair.seed(index), to)).toMatchObject({ outcome: "done" });
  expect((await readIndex(directory)).manifests).toEqual([entryOf(index)]);
});

describe("what refers to an image", () => {
  const signature = buildArtifact({
    seed: "signature",
    blobs: [300],
    artifactType: "application/vnd.example.signature",
    subject: image,
    annotations: { by: "somebody" },
  });

  test("gets an entry of its own, and is listed as registries list it", async () => {
    const pair = await startPair();
    const directory = await scratch();
    await pair.copy(await pair.seed(image), at(directory, ":1"));
    const to = atDigest(at(directory), signature.digest as Digest);
    await pair.copy(await pair.seed(signature, "from/app", "signature"), to);

    expect((await readIndex(directory)).manifests).toEqual([
      entryOf(image, "1"),
      { ...entryOf(signature), artifactType: "application/vnd.example.signature", annotations: { by: "somebody" } },
    ]);
    // An image with a signature beside it is still the only one with a name, and what is meant has to be said.
    await expect(pair.newEngine().resolve(at(directory))).rejects.toMatchObject({ code: "not-found" });
  });
});

test("a removed tag is gone, its neighbour and the content stay", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const from = await pair.seed(image);
  // What this process has put it does not take away from whom it has put it for.
  const engine = pair.newEngine();
  await pair.copy(from, at(directory, ":1"));
  await pair.copy(from, at(directory, ":2"));

  const report = await engine.remove(at(directory, ":1"), { expectDigest: image.digest as Digest });

  expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [] });
  expect(await engine.tags(at(directory))).toEqual(["2"]);
  expect(await treeIn(directory, "2")).toEqual(treeOf(image));
  // The last tag too: nothing is left in the index, nothing is taken from the blobs.
  expect(await engine.remove(at(directory, ":2"))).toMatchObject({ untagged: true, skipped: [] });
  expect((await readIndex(directory)).manifests).toEqual([]);
  expect(await readdir(join(directory, "blobs", "sha256"))).toHaveLength(4);
  // A tag that holds something else is kept, one that is gone is gone.
  await pair.copy(await pair.seed(other, "from/app", "2"), at(directory, ":1"));
  expect(await engine.remove(at(directory, ":1"), { expectDigest: image.digest as Digest })).toMatchObject({
    untagged: false,
  });
  expect(await engine.remove(at(directory, ":none"))).toMatchObject({ untagged: true, absent: true });
  // Content is nobody's to delete.
  const byDigest = parseLocation(`oci:${directory}@${image.digest}`);
  await expect(engine.remove(byDigest)).rejects.toMatchObject({ code: "unsupported" });
  await expect(engine.collect(at(directory))).rejects.toMatchObject({ code: "unsupported" });
});

test("what is damaged in the layout is written anew", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const from = await pair.seed(index);
  await pair.copy(from, at(directory, ":1"));
  const [child] = index.children;
  const cut = blobPath(directory, child?.blobs[0]?.digest ?? "");
  await writeFile(cut, (await readFile(cut)).subarray(1));
  await writeFile(blobPath(directory, child?.digest ?? ""), "{}");
  await writeFile(blobPath(directory, index.digest), "not a manifest");

  expect(await pair.copy(from, at(directory, ":1"), { engine: pair.newEngine() })).toMatchObject({ outcome: "done" });
  expect(await treeIn(directory, "1")).toEqual(treeOf(index));
});

test("an empty directory becomes a layout; a file, or a directory with other things, does not", async () => {
  const pair = await startPair();
  const from = await pair.seed(image);
  const directory = await scratch();
  await mkdir(join(directory, "empty"));
  expect(await pair.copy(from, at(join(directory, "empty"), ":1"))).toMatchObject({ outcome: "done" });

  await mkdir(join(directory, "things"));
  await writeFile(join(directory, "things", "notes.txt"), "mine");
  for (const path of [join(directory, "things"), join(directory, "things", "notes.txt")]) {
    await expect(pair.engine.plan({ source: from, destination: at(path, ":1") })).rejects.toMatchObject({
      code: "config",
      side: "destination",
    });
  }
  expect(await readdir(join(directory, "things"))).toEqual(["notes.txt"]);
  await expect(pair.engine.plan({ source: at(join(directory, "none")), destination: from })).rejects.toMatchObject({
    code: "not-found",
    side: "source",
  });
});

test("many images go into one layout at the same time", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const names = Array.from({ length: 12 }, (_, position) => `v${position}`);
  const images = names.map((name) => buildImage({ seed: name, layers: [{ size: 5000, seed: "base" }, 1000] }));
  const sources = await Promise.all(images.map((one, position) => pair.seed(one, "from/app", names[position] ?? "")));
  // Three engines: what one process knows of its own changes another one does not.
  const engines = [pair.newEngine(), pair.newEngine(), pair.newEngine()];
  await Promise.all(
    sources.map(async (source, position) => {
      const engine = engines[position % engines.length] ?? pair.newEngine();
      const plan = await engine.plan({ source, destination: at(directory, `:${names[position]}`) });
      expect(only(await engine.apply(plan))).toMatchObject({ outcome: "done" });
    }),
  );
  for (const [position, name] of names.entries()) {
    const built = images[position];
    expect(await treeIn(directory, name)).toEqual(built && treeOf(built));
  }
  expect(await otherFiles(directory)).toEqual(["index.json", "oci-layout"]);
});
