import { execFile } from "node:child_process";
import { cp, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { Digest, RemovalReport } from "../../engine/index.ts";
import { buildImage, buildIndex, type TestManifest, treeOf } from "../support/images/index.ts";
import { dockerRegistryProgram, send } from "../support/registries/index.ts";
import { engineFor, type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const run = promisify(execFile);

/** The registry's own collector: as it is, and with what it deletes besides if it is told to. */
type Collector = "garbage-collect" | "garbage-collect -m";

/** What lies in the blob store of a registry: the digests, and their bytes. */
interface Stored {
  readonly digests: readonly string[];
  readonly bytes: number;
}

const base = { size: 300_000, seed: "space/base" };
const platforms = ["amd64", "arm64", "s390x"].map((architecture) => ({ os: "linux", architecture }));

function image(seed: string, ...sizes: readonly number[]): TestManifest {
  return buildImage({ seed: `space/${seed}`, layers: [base, ...sizes] });
}

function platformIndex(seed: string, size: number): TestManifest {
  const children = platforms.map((platform) =>
    buildImage({ seed: `space/${seed}/${platform.architecture}`, layers: [base, size], platform }),
  );
  return buildIndex({ children });
}

const plain = image("plain", 200_000, 150_000);
const index = platformIndex("index", 110_000);
const nested = buildIndex({ children: [index, image("beside", 90_000)] });
const neighbour = image("neighbour", 50_000);
/** An index that has a child in common with the ones above. */
const relative = buildIndex({ children: [...index.children.slice(0, 1), image("own", 40_000)] });

/** What another repository has of `plain`: one of its layers. */
const derived = buildImage({ seed: "space/derived", layers: [{ size: 200_000, seed: "space/plain/1" }] });
const [, child = plain] = index.children;

/** What is removed, and what another repository has of it. */
const kinds: readonly (readonly [string, TestManifest, TestManifest])[] = [
  ["an image", plain, derived],
  ["an index of three platforms", index, child],
  ["an index with an index in it", nested, child],
];

describe.skipIf(dockerRegistryProgram === undefined)("the disk of a docker-registry", () => {
  test.each(kinds)(
    "has nothing that only %s had after its removal and garbage-collect",
    async (name, removed, elsewhere) => {
      const registry = await reachRegistry();
      await registry.seed(removed, "team/app:1");
      await registry.seed(neighbour, "team/app:2");
      await registry.seed(relative, "team/app:3");
      await registry.seed(elsewhere, "team/else:1");
      const neighbours = { "team/app:2": neighbour, "team/app:3": relative, "team/else:1": elsewhere };
      const [before, used] = [await storedIn(registry), await diskUse(registry)];
      expect(before).toEqual(contentOf([removed, neighbour, relative, elsewhere]));
      const report = await remove(registry, "team/app:1", removed);
      const after = await storedIn(registry);
      await expectWhole(registry, neighbours);

      const collected = await collect(registry, "garbage-collect");
      await expectWhole(collected, neighbours);
      const stored = await storedIn(collected);
      print(name, { before, "after the removal": after, "after garbage-collect": stored });
      expect(stored).toEqual(contentOf([neighbour, relative, elsewhere]));
      expect(await diskUse(collected)).toBeLessThan(used);
      // The report is about the repository: what another one has too stays on the disk, once.
      const staying = new Set(contentOf([neighbour, relative]).digests);
      const own = contentOf([removed]).digests.filter((digest) => !staying.has(digest));
      expect([...report.manifests, ...report.blobs].toSorted()).toEqual(own);
      expect(report.bytes).toBe(
        contentOf([removed, neighbour, relative]).bytes - contentOf([neighbour, relative]).bytes,
      );
    },
  );

  test("keeps an image that a second tag holds, to the last byte", async () => {
    const registry = await reachRegistry();
    for (const tag of ["1", "2"]) await registry.seed(plain, `team/app:${tag}`);
    const before = await storedIn(registry);
    await remove(registry, "team/app:1", plain);
    for (const collector of ["garbage-collect", "garbage-collect -m"] as const) {
      const collected = await collect(registry, collector);
      await expectWhole(collected, { "team/app:2": plain });
      expect(await storedIn(collected)).toEqual(before);
    }
    await remove(registry, "team/app:2", plain);
    const collected = await collect(registry, "garbage-collect");
    print("the last of two tags", { before, "after garbage-collect": await storedIn(collected) });
    expect(await storedIn(collected)).toEqual(contentOf([]));
  });

  test("keeps an earlier digest as long as it is retained, even from garbage-collect -m", async () => {
    const registry = await reachRegistry();
    const engine = engineFor([registry]);
    const earlier = image("earlier", 80_000);
    const reference = await registry.seed(earlier, "team/app:1");
    expect(await engine.retain(reference, earlier.digest as Digest)).toBe(true);
    await registry.seed(plain, "team/app:1");
    await registry.seed(neighbour, "team/app:2");
    const before = await storedIn(registry);

    expect(await engine.remove(reference, { expectDigest: plain.digest as Digest })).toMatchObject(done);
    const retained = await collect(registry, "garbage-collect -m");
    expect(await storedIn(retained)).toEqual(contentOf([earlier, neighbour]));
    await expectWhole(retained, { [`team/app@${earlier.digest}`]: earlier, "team/app:2": neighbour });

    await engine.collect(reference, { digests: [earlier.digest as Digest] });
    const collected = await collect(registry, "garbage-collect");
    expect(await storedIn(collected)).toEqual(contentOf([neighbour]));
    await expectWhole(collected, { "team/app:2": neighbour });
    const figures = {
      before,
      "earlier digest retained": await storedIn(retained),
      "it, too, is collected": await storedIn(collected),
    };
    print("a tag with an earlier digest", figures);
  });

  test("after the delete of a digest alone, as crane and skopeo do it, other tags are lost and children of an index stay", async () => {
    const registry = await reachRegistry();
    for (const tag of ["1", "2"]) await registry.seed(plain, `team/app:${tag}`);
    await registry.seed(index, "team/app:index");
    await registry.seed(neighbour, "team/app:3");
    const before = await storedIn(registry);
    for (const { digest } of [plain, index]) {
      const answer = await send(registry.running.url, `/v2/team/app/manifests/${digest}`, { method: "DELETE" });
      expect(answer.status).toBe(202);
    }
    expect(await registry.tags("team/app")).toEqual(["3"]);
    const collected = await collect(registry, "garbage-collect");
    const thorough = await collect(registry, "garbage-collect -m");
    for (const one of [collected, thorough]) await expectWhole(one, { "team/app:3": neighbour });
    const figures = {
      before,
      "after garbage-collect": await storedIn(collected),
      "after garbage-collect -m": await storedIn(thorough),
    };
    print("the digests of an image and an index, deleted alone", figures);
    // The layers of the image are freed as they are after ours; the children of the index have no tag, but are there.
    expect(await storedIn(collected)).toEqual(contentOf([neighbour, ...index.children]));
    expect(await storedIn(thorough)).toEqual(contentOf([neighbour]));
  });

  test("after garbage-collect -m has lost the children of an index that has a tag, whether anything was removed or not", async () => {
    const registry = await reachRegistry();
    await registry.seed(index, "team/app:1");
    const untouched = await collect(registry, "garbage-collect");
    await expectWhole(untouched, { "team/app:1": index });
    const harmed = await collect(registry, "garbage-collect -m");
    await expect(harmed.tree(harmed.at("team/app:1"))).rejects.toThrow(/status 404/);
  });
});

const done: Partial<RemovalReport> = { untagged: true, skipped: [] };

async function remove(registry: ReachableRegistry, text: string, { digest }: TestManifest): Promise<RemovalReport> {
  const report = await engineFor([registry]).remove(registry.at(text), { expectDigest: digest as Digest });
  expect(report).toMatchObject(done);
  return report;
}

/**
 * What another process would serve after the collector: it runs on a copy of the storage, where nobody writes or
 * remembers anything, as its manual asks.
 */
async function collect(registry: ReachableRegistry, collector: Collector): Promise<ReachableRegistry> {
  const fresh = await reachRegistry();
  const { storageDirectory } = fresh.running;
  await rm(storageDirectory, { recursive: true, force: true });
  await cp(registry.running.storageDirectory, storageDirectory, { recursive: true });
  const [command = "", ...flags] = collector.split(" ");
  const config = join(dirname(storageDirectory), "config.yml");
  await run(dockerRegistryProgram ?? "", [command, config, ...flags], { maxBuffer: 64 * 2 ** 20 });
  return fresh;
}

async function expectWhole(registry: ReachableRegistry, images: Readonly<Record<string, TestManifest>>): Promise<void> {
  for (const [text, expected] of Object.entries(images)) {
    expect(await registry.tree(registry.at(text))).toEqual(treeOf(expected));
  }
}

/** The blob store, where all repositories of a registry keep manifests, configs and layers, each once. */
async function storedIn({ running }: ReachableRegistry): Promise<Stored> {
  const directory = join(running.storageDirectory, "docker/registry/v2/blobs");
  const files = (await readdir(directory, { recursive: true })).filter((path) => path.endsWith("/data"));
  const sizes = await Promise.all(files.map(async (path) => (await stat(join(directory, path))).size));
  const digests = files.map((path) => path.replace(/^(\w+)\/..\/(\w+)\/data$/, "$1:$2")).toSorted();
  return { digests, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** KiB that all of its storage takes on the disk, the links of the repositories included. */
async function diskUse({ running }: ReachableRegistry): Promise<number> {
  const { stdout } = await run("du", ["-sk", running.storageDirectory]);
  return Number.parseInt(stdout, 10);
}

/** The blob store of a registry that has these images and nothing else. */
function contentOf(images: readonly TestManifest[]): Stored {
  const sizes = new Map<string, number>();
  for (const tree of images.map(treeOf)) {
    for (const [digest, { text }] of Object.entries(tree.manifests)) sizes.set(digest, Buffer.byteLength(text));
    for (const [digest, size] of Object.entries(tree.blobs)) sizes.set(digest, size);
  }
  return { digests: [...sizes.keys()].toSorted(), bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** The figures, for people. */
function print(what: string, moments: Readonly<Record<string, Stored>>): void {
  const figures = Object.entries(moments).map(
    ([moment, { digests, bytes }]) => `${moment} ${bytes} bytes in ${digests.length}`,
  );
  process.stdout.write(`space: ${what}: ${figures.join(", ")}\n`);
}
