import { describe, expect, test } from "vitest";
import type { EngineEvent } from "../../../engine/index.ts";
import { buildImage, buildTagSet, treeOf, type TestManifest } from "../../support/images/index.ts";
import { only, type Pair, startPair } from "../pair.ts";

/** Thirty images on two bases: 3 base layers each, an own layer and a config each. */
const images = [
  ...buildTagSet({
    seed: "flight",
    tags: 30,
    manifests: 30,
    bases: 2,
    baseLayers: [1500, 900, 1_100_000],
    ownLayers: [700],
  }),
];
const distinctBlobs = new Set(images.flatMap(([, image]) => image.blobs.map((blob) => blob.digest)));

async function seedAll(pair: Pair): Promise<void> {
  for (const [tag, image] of images) await pair.seed(image, "from/app", tag);
}

/** How often each blob's bytes have come to the destination. */
function uploads(pair: Pair): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { method, kind, path, status } of pair.destination.requests) {
    if (method !== "PUT" || kind !== "upload" || status !== 201) continue;
    const digest = new URL(path, pair.destination.url).searchParams.get("digest") ?? "";
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return counts;
}

describe("thirty copies at the same time", () => {
  test.each([
    ["into a repository each", (number: number) => `to/app-${number}:1`],
    ["into one repository", (number: number) => `to/app:v${number}`],
    ["into three repositories", (number: number) => `to/app-${number % 3}:v${number}`],
  ])("%s send each distinct blob once, and the rest is mounted or there", async (_name, place) => {
    const pair = await startPair();
    await seedAll(pair);
    const destinations = images.map((_, number) => pair.at(place(number)));
    const items = await Promise.all(
      images.map(async ([tag], number) => {
        const source = { ...pair.at(`from/app:${tag}`), registry: pair.source.host };
        return await pair.copy(source, destinations[number] ?? pair.at("never:1"));
      }),
    );
    expect(items.map((item) => item.outcome)).toEqual(images.map(() => "done"));
    expect(uploads(pair)).toEqual(new Map([...distinctBlobs].map((digest) => [digest, 1])));
    const totals = items.reduce((sum, { blobs }) => sum + blobs.copied, 0);
    expect(totals).toBe(distinctBlobs.size);
    for (const [number, [, image]] of images.entries()) {
      expect(await pair.tree(destinations[number] ?? pair.at("never:1"))).toEqual(treeOf(image));
    }
    expect(pair.destination.openUploads()).toBe(0);
    // Each blob left the source once, too.
    expect(pair.source.counts()["GET blob"]).toBe(distinctBlobs.size);
  });

  test("of the same image to the same tag send it once", async () => {
    const pair = await startPair();
    const image = buildImage({ seed: "wanted by all", layers: [1_200_000, 500] });
    const source = await pair.seed(image);
    const plan = await pair.engine.plan({ source, destination: pair.at("to/app:1") });
    const reports = await Promise.all(Array.from({ length: 30 }, () => pair.engine.apply(plan)));
    expect(reports.map((report) => only(report).outcome)).toEqual(reports.map(() => "done"));
    expect([...uploads(pair).values()]).toEqual([1, 1, 1]);
  });
});

describe("when the copy that sends a blob for others fails", () => {
  const shared = { size: 1_200_000, seed: "shared by both" };
  const first = buildImage({ seed: "first", layers: [shared] });
  const second = buildImage({ seed: "second", layers: [shared] });

  /** Starts a second copy while the upload of the first one is held, then lets that fail. */
  async function failFirst(end: (stop: AbortController) => number | undefined): Promise<Record<string, unknown>> {
    const pair = await startPair();
    const sources = [await pair.seed(first), await pair.seed(second, "from/app", "2")] as const;
    const stop = new AbortController();
    let held: (() => void) | undefined;
    const sharedDigest = first.blobs[1]?.digest ?? "";
    const reached = new Promise<void>((resolveReached) => {
      pair.destination.intercept = ({ kind, method, path }) => {
        if (kind !== "upload" || method !== "PUT" || !path.includes(encodeURIComponent(sharedDigest))) return undefined;
        if (held !== undefined) return undefined;
        const until = new Promise<void>((resolve) => {
          held = resolve;
        });
        resolveReached();
        const status = end(stop);
        return { until, ...(status === undefined ? {} : { respond: { status } }) };
      };
    });
    const copies = [
      pair.copy(sources[0], pair.at("to/one:1"), { signal: stop.signal }),
      reached.then(() => pair.copy(sources[1], pair.at("to/two:1"))),
    ];
    await reached;
    held?.();
    const [one, two] = await Promise.all(copies);
    expect(await pair.tree(pair.at("to/two:1"))).toEqual(treeOf(second));
    expect(pair.destination.openUploads()).toBe(0);
    return { first: one?.outcome, second: two?.outcome, secondError: two?.error?.message };
  }

  test("by a refusal, the others send it themselves", async () => {
    expect(await failFirst(() => 403)).toEqual({ first: "failed", second: "done", secondError: undefined });
  });

  test("by its own stop, the others send it themselves", async () => {
    expect(await failFirst((stop) => stop.abort() as undefined)).toEqual({
      first: "failed",
      second: "done",
      secondError: undefined,
    });
  });
});

describe("what this process believes to know", () => {
  const image = buildImage({ seed: "believed", layers: [1000, 2000] });

  /** Makes a copy known, then takes blobs away behind its back. */
  async function knownAndLost(
    lost: readonly string[],
    repository = "to/app",
  ): Promise<{ pair: Pair; again: TestManifest }> {
    const pair = await startPair();
    await pair.copy(await pair.seed(image), pair.at("to/app:1"));
    for (const digest of lost) {
      await fetch(`${pair.destination.url}/v2/${repository}/blobs/${digest}`, { method: "DELETE" });
    }
    const again = buildImage({ seed: "on top", layers: [{ size: 1000, seed: "believed/0" }, 300] });
    return { pair, again };
  }

  test("is corrected when the registry misses it at the manifest", async () => {
    const { pair, again } = await knownAndLost([image.blobs[1]?.digest ?? ""]);
    const events: EngineEvent[] = [];
    const item = await pair.copy(await pair.seed(again, "from/app", "2"), pair.at("to/app:2"), {
      onEvent: (event) => events.push(event),
    });
    expect(item.error?.message).toBeUndefined();
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(again));
    expect(events.filter(({ kind }) => kind === "retry")).toHaveLength(1);
  });

  test("is no reason to fail when a mount finds nothing", async () => {
    const { pair, again } = await knownAndLost([image.blobs[1]?.digest ?? ""]);
    const item = await pair.copy(await pair.seed(again, "from/app", "2"), pair.at("to/other:2"));
    expect(item.error?.message).toBeUndefined();
    expect(await pair.tree(pair.at("to/other:2"))).toEqual(treeOf(again));
    expect(pair.destination.openUploads()).toBe(0);
  });
});

test("events tell of every blob once, how it came, and of progress up to its size", async () => {
  const pair = await startPair();
  const image = buildImage({ seed: "told", layers: [9_000_000, 1000] });
  const source = await pair.seed(image);
  const events: EngineEvent[] = [];
  await pair.copy(source, pair.at("to/app:1"), { onEvent: (event) => events.push(event) });
  const done = events.filter((event) => event.kind === "blob-done");
  expect(new Set(done.map(({ digest, size, how }) => `${digest} ${size} ${how}`))).toEqual(
    new Set(image.blobs.map(({ digest, size }) => `${digest} ${size} copied`)),
  );
  const large = image.blobs.find(({ size }) => size === 9_000_000)?.digest;
  const progress = events.filter((event) => event.kind === "blob-progress" && event.digest === large);
  // One for each 4 MiB, more where a line is slow.
  expect(progress.length).toBeGreaterThanOrEqual(3);
  expect(progress.length).toBeLessThan(100);
  expect(progress.at(-1)).toMatchObject({ bytes: 9_000_000, size: 9_000_000 });
  expect(events.at(-1)).toEqual({ kind: "manifest-done", digest: image.digest, tag: "1" });
  // Plain data: what a face prints, stores or sends.
  expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  events.length = 0;
  await pair.copy(source, pair.at("other/app:1"), { onEvent: (event) => events.push(event) });
  expect(events.filter((event) => event.kind === "blob-done").map(({ how }) => how)).toEqual([
    "mounted",
    "mounted",
    "mounted",
  ]);
});
