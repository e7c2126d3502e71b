import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildImage, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";
import type { Work } from "./copying-process.ts";
import { readTar } from "./test-archive.ts";
import { otherFiles, readBlob, readIndex, scratch, treeIn } from "./test-layout.ts";

const tags = ["1", "2", "3", "4", "5"];
const images = tags.map((tag) =>
  buildImage({ seed: `image ${tag}`, layers: [{ size: 300_000, seed: "shared" }, 2_000_000, 5000] }),
);

async function seeded(pair: Pair): Promise<string> {
  for (const [position, image] of images.entries()) await pair.seed(image, "from/app", tags[position] ?? "");
  return `${pair.source.host}/from/app`;
}

function start(work: Work): ChildProcess {
  const program = join(import.meta.dirname, "copying-process.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    env: { ...process.env, WORK: JSON.stringify(work) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Kills the process at the n-th change in a directory. @returns how many changes there were. */
async function killAt(changes: number, directory: string, work: Work): Promise<number> {
  const child = start(work);
  let seen = 0;
  const watcher = watch(directory, () => {
    seen += 1;
    if (seen === changes) child.kill("SIGKILL");
  });
  await once(child, "exit");
  watcher.close();
  return seen;
}

/** At which changes to kill, of so many: some of the first, where things are made, and some of the last. */
function moments(changes: number): number[] {
  return [1, 4, ...[0.4, 0.75, 0.95].map((share) => Math.round(share * changes))];
}

async function finish(work: Work): Promise<void> {
  const [code] = (await once(start(work), "exit")) as [number | null];
  expect(code).toBe(0);
}

/** Every name leads to a whole image, and every blob is what it is called. */
async function expectTrue(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (!names.includes("index.json")) return;
  for (const { digest, annotations } of (await readIndex(directory)).manifests) {
    const image = images.find((one) => one.digest === digest);
    expect(await treeIn(directory, annotations?.["org.opencontainers.image.ref.name"] ?? "")).toEqual(
      image && treeOf(image),
    );
  }
  for (const encoded of await readdir(join(directory, "blobs", "sha256")).catch(() => []))
    await readBlob(directory, `sha256:${encoded}`);
}

/** Each moment takes two processes. */
const timeout = 180_000;

test("a layout is true whenever a copy into it is killed, and the next copy ends it", { timeout }, async () => {
  const pair = await startPair();
  const source = await seeded(pair);
  const whole = await scratch();
  const all = await killAt(Number.POSITIVE_INFINITY, whole, { source, destination: `oci:${whole}`, tags });
  for (const changes of moments(all)) {
    const directory = await scratch();
    const work = { source, destination: `oci:${directory}`, tags };
    await killAt(changes, directory, work);
    await expectTrue(directory);
    await finish(work);
    for (const [position, image] of images.entries())
      expect(await treeIn(directory, tags[position] ?? "")).toEqual(treeOf(image));
    // What the killed process had not finished is in nobody's way.
    const others = (await otherFiles(directory)).filter((name) => !name.startsWith(".imagesync-"));
    expect(others).toEqual(["index.json", "oci-layout"]);
  }
});

test(
  "an archive is there as a whole or not at all when a copy into it is killed, and what had come is not brought again",
  { timeout },
  async () => {
    const pair = await startPair();
    const source = await seeded(pair);
    const whole = `${await scratch()}/images.tar`;
    await mkdir(`${whole}.partial`);
    const all = await killAt(Number.POSITIVE_INFINITY, `${whole}.partial`, {
      source,
      destination: `oci-archive:${whole}`,
      tags,
    });
    let spared = 0;
    for (const changes of moments(all)) {
      const directory = await scratch();
      const file = join(directory, "images.tar");
      const partial = `${file}.partial`;
      await mkdir(partial);
      const work = { source, destination: `oci-archive:${file}`, tags };
      await killAt(changes, partial, work);
      if ((await readdir(directory)).includes("images.tar")) await expectAll(file);
      const kept: string[] = await readdir(join(partial, "blobs", "sha256")).catch(() => []);
      const asked: string[] = [];
      pair.source.intercept = ({ kind, reference, method }) => {
        if (kind === "blob" && method === "GET") asked.push(reference?.slice(7) ?? "");
        return undefined;
      };
      await finish(work);
      expect(asked.filter((hex) => kept.includes(hex))).toEqual([]);
      spared += kept.length;
      pair.source.intercept = undefined;
      await expectAll(file);
      expect((await readdir(directory)).filter((name) => name !== "images.tar.partial")).toEqual(["images.tar"]);
    }
    expect(spared).toBeGreaterThan(0);
  },
);

async function expectAll(file: string): Promise<void> {
  const files = await readTar(file);
  const wanted = images.flatMap((image) => [image.digest, ...image.blobs.map(({ digest }) => digest)]);
  expect([...files.keys()].slice(2)).toEqual(
    [...new Set(wanted)].map((digest) => `blobs/${digest.replace(":", "/")}`).sort(),
  );
  for (const image of images) expect(files.get(`blobs/sha256/${image.digest.slice(7)}`)).toEqual(image.bytes);
}

test("several processes write into one layout at the same time", async () => {
  const pair = await startPair();
  const source = await seeded(pair);
  const directory = join(await scratch(), "layout");
  await Promise.all(tags.map((tag) => finish({ source, destination: `oci:${directory}`, tags: [tag] })));
  for (const [position, image] of images.entries())
    expect(await treeIn(directory, tags[position] ?? "")).toEqual(treeOf(image));
  expect(await otherFiles(directory)).toEqual(["index.json", "oci-layout"]);
});
