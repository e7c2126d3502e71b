import { mkdirSync } from "node:fs";
import { chmod, open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseLocation, type Reference } from "../../../engine/index.ts";
import { buildImage, buildPlatformIndex, imageKinds, type TestManifest, treeOf } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";
import { layoutItems, readTar, writeTar } from "./test-archive.ts";
import { entryOf, scratch } from "./test-layout.ts";

const image = buildImage({ seed: "app", layers: [4000, 70_000] });
const other = buildImage({ seed: "app", layers: [4000, 2000] });
const index = buildPlatformIndex({ seed: "index", layers: [3000], shared: 5000 });

function at(file: string, rest = ""): Reference {
  return parseLocation(`oci-archive:${file}${rest}`);
}

/** The names of the files that an archive of these images has. */
function names(...images: readonly TestManifest[]): string[] {
  const items = layoutItems(images.map((one) => [undefined, one] as const));
  const blobs = items.map(({ name }) => name).filter((name) => name.startsWith("blobs/"));
  return ["oci-layout", "index.json", ...[...new Set(blobs)].sort()];
}

describe("each kind of image goes into an archive and out of it byte for byte", () => {
  test.each(imageKinds)("$name", async (kind) => {
    const built = kind.build();
    const pair = await startPair();
    const directory = await scratch();
    const file = join(directory, "new", "images.tar");
    const from = await pair.seed(built);

    expect(await pair.copy(from, at(file, ":1"))).toMatchObject({ outcome: "done", item: { digest: built.digest } });
    expect([...(await readTar(file)).keys()]).toEqual(names(built));
    expect(await readdir(join(directory, "new"))).toEqual(["images.tar"]);

    const engine = pair.newEngine();
    expect(await pair.copy(from, at(file, ":1"), { engine, integrity: "blobs" })).toMatchObject({
      outcome: "unchanged",
    });
    expect(await pair.copy(at(file, ":1"), pair.at("to/app:1"), { engine })).toMatchObject({ outcome: "done" });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(built));
  });
});

test("equal images make equal archives, whoever writes them and in which order they come", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const sources = [await pair.seed(image, "from/app", "1"), await pair.seed(index, "from/app", "2")];
  const files = ["a.tar", "b.tar"].map((name) => join(directory, name));
  for (const file of files) {
    const engine = pair.newEngine();
    const plans = await Promise.all(
      sources.map((source) => engine.plan({ source, destination: at(file, `:${source.tag}`) })),
    );
    const items = plans.flatMap((plan) => plan.items);
    await engine.apply({ items: file.endsWith("a.tar") ? items : items.slice(0, 1) });
    if (file.endsWith("b.tar")) await engine.apply({ items: items.slice(1) });
  }
  const [first, second] = await Promise.all(files.map((file) => readFile(file)));
  expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
});

test("an archive that only its owner may read stays one", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  await writeTar(file, layoutItems([["1", image]]));
  await chmod(file, 0o600);
  expect(await pair.copy(await pair.seed(other), at(file, ":2"))).toMatchObject({ outcome: "done" });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("which image arrives first makes no difference", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const sources = [await pair.seed(image, "from/app", "1"), await pair.seed(index, "from/app", "2")];
  const archives: Buffer[] = [];
  for (const order of [sources, sources.toReversed()]) {
    const file = join(directory, `${archives.length}.tar`);
    const engine = pair.newEngine();
    const plans = await Promise.all(
      order.map((source) => engine.plan({ source, destination: at(file, `:${source.tag}`) })),
    );
    const [first, second] = plans.flatMap((plan) => plan.items);
    if (first === undefined || second === undefined) throw new Error("Nothing is planned");
    await engine.apply({ items: [first, { ...second, follows: 0 }] });
    archives.push(await readFile(file));
  }
  expect(archives[0]?.equals(archives[1] ?? Buffer.alloc(0))).toBe(true);
});

test("an archive that is there is the base: what it has is kept, and not brought again", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  await writeTar(file, [{ name: "notes.txt", content: "mine" }, ...layoutItems([["docker.io/library/app:9", image]])]);

  const copied = await pair.copy(await pair.seed(other), at(file, ":2"));

  expect(copied.blobs).toEqual({ copied: 2, mounted: 0, present: 1 });
  const files = await readTar(file);
  expect([...files.keys()]).toEqual(names(image, other));
  expect(JSON.parse(String(files.get("index.json")))).toMatchObject({
    manifests: [entryOf(image, "docker.io/library/app:9"), entryOf(other, "2")],
  });
  expect(await pair.engine.tags(at(file))).toEqual(["9", "2"]);
});

test("a copy from one archive to another, and between two tags of one", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const [from, to] = [join(directory, "from.tar"), join(directory, "to.tar")];
  await writeTar(from, layoutItems([["1", index]]));
  expect(await pair.copy(at(from, ":1"), at(to, ":1"))).toMatchObject({ outcome: "done" });
  expect(await pair.copy(at(to, ":1"), at(to, ":2"))).toMatchObject({ outcome: "done", bytes: 0 });
  expect([...(await readTar(to)).keys()]).toEqual(names(index));
  expect(await pair.engine.tags(at(to))).toEqual(["1", "2"]);
});

test("an item that fails leaves nothing of itself in the archive, and the others are there", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const file = join(directory, "images.tar");
  const good = await pair.seed(image, "from/app", "1");
  const bad = await pair.seed(index, "from/app", "2");
  const items = (
    await Promise.all(
      [good, bad].map((source) => pair.engine.plan({ source, destination: at(file, `:${source.tag}`) })),
    )
  ).flatMap((plan) => plan.items);
  const lost = index.children[1]?.blobs[0]?.digest ?? "";
  pair.source.intercept = ({ reference }) => (reference === lost ? { respond: { status: 404 } } : undefined);

  const report = await pair.engine.apply({ items });

  expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "failed"]);
  expect([...(await readTar(file)).keys()]).toEqual(names(image));
  expect((await readdir(directory)).sort()).toEqual(["images.tar", "images.tar.partial"]);

  pair.source.intercept = undefined;
  const again = await pair.copy(bad, at(file, ":2"), { engine: pair.newEngine() });
  expect(again).toMatchObject({ outcome: "done" });
  expect([...(await readTar(file)).keys()]).toEqual(names(image, index));
  expect(await readdir(directory)).toEqual(["images.tar"]);
});

test("no archive is made where all that should go into it has failed", async () => {
  const pair = await startPair();
  const directory = await scratch();
  const file = join(directory, "images.tar");
  const source = await pair.seed(image);
  const lost = image.blobs.at(-1)?.digest ?? "";
  pair.source.intercept = ({ reference }) => (reference === lost ? { respond: { status: 404 } } : undefined);
  expect(await pair.copy(source, at(file, ":1"))).toMatchObject({ outcome: "failed" });
  expect(await readdir(directory)).toEqual(["images.tar.partial"]);
  pair.source.intercept = undefined;
  expect(await pair.copy(source, at(file, ":1"), { engine: pair.newEngine() })).toMatchObject({ outcome: "done" });
  expect(await readdir(directory)).toEqual(["images.tar"]);
});

test("a stop leaves the archive as it was, and what has come is not sent again", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  await writeTar(file, layoutItems([["1", image]]));
  const before = await readFile(file);
  const stop = new AbortController();
  const from = await pair.seed(index);
  const copied = await pair.copy(from, at(file, ":2"), {
    signal: stop.signal,
    // The last event of all: what is copied is copied, and the archive is not written yet.
    onEvent: (event) => {
      if (event.kind === "manifest-done" && event.tag === "2") stop.abort();
    },
  });
  expect(copied).toMatchObject({ outcome: "failed", error: { code: "aborted" } });
  expect((await readFile(file)).equals(before)).toBe(true);

  const again = await pair.copy(from, at(file, ":2"), { engine: pair.newEngine() });
  expect(again).toMatchObject({ outcome: "done", bytes: 0, blobs: { copied: 0 } });
  expect([...(await readTar(file)).keys()]).toEqual(names(image, index));
});

test("what cannot be written has failed, and is told only then", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  const plan = await pair.engine.plan({ source: await pair.seed(image), destination: at(file, ":1") });
  const told: string[] = [];
  const report = await pair.engine.apply(plan, {
    onItem: ({ outcome }) => told.push(outcome),
    onEvent: (event) => {
      // Somebody makes a directory of this name just before the archive gets it.
      if (event.kind === "manifest-done" && event.tag === "1") mkdirSync(file);
    },
  });
  expect(report.items).toMatchObject([
    { outcome: "failed", error: { side: "destination", message: expect.stringContaining("images.tar") as string } },
  ]);
  expect(told).toEqual(["failed"]);
});

test("two copies into one archive at the same time are one after the other", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  const from = [await pair.seed(image, "from/app", "1"), await pair.seed(index, "from/app", "2")];
  const told = await Promise.all(
    from.map((source) => pair.copy(source, at(file, `:${source.tag}`), { engine: pair.newEngine() })),
  );
  expect(told.map(({ outcome }) => outcome)).toEqual(["done", "done"]);
  expect((await pair.engine.tags(at(file))).sort()).toEqual(["1", "2"]);
});

test("of an archive nothing is removed", async () => {
  const pair = await startPair();
  const file = join(await scratch(), "images.tar");
  await writeTar(file, layoutItems([["1", image]]));
  await expect(pair.engine.remove(at(file, ":1"))).rejects.toMatchObject({
    code: "unsupported",
    hint: expect.stringContaining("oci:DIRECTORY") as string,
  });
  expect(await pair.engine.tags(at(file))).toEqual(["1"]);
});

describe("a file that is none of these is refused with what it is", () => {
  const layout = layoutItems([["1", image]]);

  async function expectRefused(file: string, code: string, why: string): Promise<void> {
    const pair = await startPair();
    const from = await pair.seed(other);
    const before = await readFile(file);
    for (const rule of [
      { source: at(file, ":1"), destination: pair.at("to/app:1") },
      { source: from, destination: at(file, ":2") },
    ]) {
      await expect(pair.engine.plan(rule)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(why) as string,
        hint: expect.stringMatching(/\w/) as string,
      });
    }
    expect((await readFile(file)).equals(before)).toBe(true);
  }

  test("compressed", async () => {
    const file = join(await scratch(), "images.tar.gz");
    await writeTar(file, layout);
    await writeFile(file, gzipSync(await readFile(file)));
    await expectRefused(file, "unsupported", "compressed by gzip");
  });

  test("no tar file", async () => {
    const file = join(await scratch(), "images.tar");
    await writeFile(file, "x".repeat(10_000));
    await expectRefused(file, "manifest-invalid", "no tar file");
  });

  test("a tar file of something else", async () => {
    const file = join(await scratch(), "images.tar");
    await writeTar(file, [{ name: "notes.txt", content: "mine" }]);
    await expectRefused(file, "config", "no OCI archive");
    await writeTar(file, [{ name: "manifest.json", content: "[]" }]);
    await expectRefused(file, "config", "an archive of docker");
    await writeFile(file, "");
    await expectRefused(file, "config", "no OCI archive");
  });

  test("broken off", async () => {
    const file = join(await scratch(), "images.tar");
    await writeTar(file, layout);
    await truncate(file, 20_000);
    await expectRefused(file, "manifest-invalid", "ends in the middle");
  });

  test("damaged in a header", async () => {
    const file = join(await scratch(), "images.tar");
    await writeTar(file, layout);
    const handle = await open(file, "r+");
    onTestFinished(() => handle.close());
    // The second header: behind the config, which has less than two blocks.
    const size = Math.ceil((layout[0]?.content?.length ?? 0) / 512) * 512;
    await handle.write("\u0001", 512 + size + 20);
    await expectRefused(file, "manifest-invalid", `no header at its byte ${512 + size}`);
  });
});

describe("a hostile archive", () => {
  test("names that lead out of it, and other files, are no part of it and are not written again", async () => {
    const pair = await startPair();
    const file = join(await scratch(), "images.tar");
    const hex = image.digest.slice(7);
    await writeTar(file, [
      { name: "../../etc/passwd", content: "x" },
      { name: "/etc/passwd", content: "x" },
      { name: `blobs/sha256/../../${hex}`, content: "x" },
      { name: `blobs/sha256/${hex.toUpperCase()}`, content: "x" },
      { name: `blobs/sha256/${hex}/x`, content: "x" },
      { name: "blobs/sha256", type: "symlink", linkname: "/etc" },
      ...layoutItems([["1", image]]),
    ]);
    expect(await pair.copy(at(file, ":1"), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
    await pair.copy(await pair.seed(other), at(file, ":2"));
    expect([...(await readTar(file)).keys()]).toEqual(names(image, other));
  });

  test("of two files with one name the later one counts, as when it is unpacked", async () => {
    const pair = await startPair();
    const file = join(await scratch(), "images.tar");
    const hex = image.digest.slice(7);
    await writeTar(file, [{ name: `blobs/sha256/${hex}`, content: "{}" }, ...layoutItems([["1", image]])]);
    expect(await pair.copy(at(file, ":1"), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
    await writeTar(file, [...layoutItems([["1", image]]), { name: `blobs/sha256/${hex}`, content: "{}" }]);
    await expect(pair.engine.inspect(at(file, ":1"))).rejects.toMatchObject({ code: "size-mismatch" });
    await writeTar(file, [
      ...layoutItems([["1", image]]),
      { name: `blobs/sha256/${hex}`, type: "symlink", linkname: "/etc/passwd" },
    ]);
    await expect(pair.engine.inspect(at(file, ":1"))).rejects.toMatchObject({ code: "not-found" });
  });

  test("content that is not what its name says never becomes an image", async () => {
    const pair = await startPair();
    const file = join(await scratch(), "images.tar");
    const layer = image.blobs[1];
    const lie = Buffer.alloc(layer?.size ?? 0, 1);
    const items = layoutItems([["1", image]]).map((item) =>
      item.name.endsWith(layer?.digest.slice(7) ?? "-") ? { ...item, content: lie } : item,
    );
    await writeTar(file, items);
    expect(await pair.copy(at(file, ":1"), pair.at("to/app:1"))).toMatchObject({
      outcome: "failed",
      error: { code: "digest-mismatch", side: "source" },
    });
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });
});
