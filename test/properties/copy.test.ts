import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Fault } from "../../embedded-registry/intercept.ts";
import type { Engine, Reference } from "../../engine/index.ts";
import { push, type TestManifest, treeOf } from "../support/images/index.ts";
import { only, type Pair, startPair } from "../engine/pair.ts";
import { anyImage } from "./arbitrary-image.ts";

function blobsOf(image: TestManifest): string[] {
  return Object.keys(treeOf(image).blobs);
}

/** A pair for one run: hundreds would hold too many connections until the end of the test. */
async function startClosingPair(): Promise<Pair & AsyncDisposable> {
  const pair = await startPair();
  return {
    ...pair,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([pair.engine.close(), pair.source.close(), pair.destination.close()]);
    },
  };
}

/** The digests of blobs that were uploaded, in order, each as often as it was. */
function uploaded({ destination }: Pair): string[] {
  return destination.requests
    .filter(({ method, kind, status }) => method === "PUT" && kind === "upload" && status === 201)
    .map(({ path }) => new URL(path, destination.url).searchParams.get("digest") ?? path);
}

/** Which of the blobs are in the destination's repository, asked without the engine. */
async function present({ destination }: Pair, { repository }: Reference, blobs: readonly string[]): Promise<string[]> {
  const statuses = await Promise.all(
    blobs.map(async (digest) => {
      const answer = await fetch(`${destination.url}/v2/${repository}/blobs/${digest}`, { method: "HEAD" });
      return { digest, status: answer.status };
    }),
  );
  return statuses.filter(({ status }) => status === 200).map(({ digest }) => digest);
}

test("any image arrives byte for byte, each blob and manifest of it once, and a second copy writes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage, async (image) => {
      await using pair = await startClosingPair();
      const source = await pair.seed(image);
      const destination = pair.at("to/app:1");
      pair.resetCounts();
      expect(await pair.copy(source, destination)).toMatchObject({ outcome: "done", item: { digest: image.digest } });
      const { blobs, manifests } = treeOf(image);
      expect(uploaded(pair).toSorted()).toEqual(Object.keys(blobs).toSorted());
      expect(pair.destination.counts()).toMatchObject({ "PUT manifest": Object.keys(manifests).length });
      expect(pair.source.counts()).toMatchObject({ "GET manifest": Object.keys(manifests).length });
      expect(pair.destination.openUploads()).toBe(0);
      expect(await pair.tree(destination)).toEqual(treeOf(image));
      for (const engine of [pair.engine, pair.newEngine()]) {
        pair.resetCounts();
        expect(await pair.copy(source, destination, { engine })).toMatchObject({ outcome: "unchanged" });
        expect(pair.source.counts()).toEqual({ "HEAD manifest": 1 });
        expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
      }
    }),
    { numRuns: 60 },
  );
});

test("any images that are copied at the same time arrive whole, and no blob goes to the registry twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyImage, { minLength: 2, maxLength: 5 }), fc.boolean(), async (images, apart) => {
      await using pair = await startClosingPair();
      const copies = await Promise.all(
        images.map(async (image, at) => ({
          image,
          source: await pair.seed(image, `from/app-${at}`),
          destination: pair.at(apart ? `to/app-${at}:1` : `to/app:${at}`),
        })),
      );
      pair.resetCounts();
      const items = await Promise.all(copies.map(({ source, destination }) => pair.copy(source, destination)));
      expect(items.map(({ outcome, error }) => ({ outcome, error }))).toEqual(
        images.map(() => ({ outcome: "done", error: undefined })),
      );
      expect(uploaded(pair).toSorted()).toEqual([...new Set(images.flatMap(blobsOf))].toSorted());
      expect(pair.destination.openUploads()).toBe(0);
      for (const { image, destination } of copies) expect(await pair.tree(destination)).toEqual(treeOf(image));
    }),
    { numRuns: 40 },
  );
});

test("any image replaces any other one, and brings only what is new", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage, anyImage, async (old, image) => {
      await using pair = await startClosingPair();
      const destination = pair.at("to/app:1");
      await push(old, { host: pair.destination.host, repository: "to/app", tag: "1" });
      const source = await pair.seed(image);
      pair.resetCounts();
      const item = await pair.copy(source, destination);
      expect(item.outcome).toBe(image.digest === old.digest ? "unchanged" : "done");
      const before = new Set(blobsOf(old));
      expect(uploaded(pair).toSorted()).toEqual(
        blobsOf(image)
          .filter((digest) => !before.has(digest))
          .toSorted(),
      );
      expect(pair.destination.openUploads()).toBe(0);
      expect(await pair.tree(destination)).toEqual(treeOf(image));
      expect(await pair.tree(pair.at(`to/app@${old.digest}`))).toEqual(treeOf(old));
    }),
    { numRuns: 40 },
  );
});

/** What meets the request at which a copy ends; `aborted` and `closed` are what the copy's own process does then. */
interface Interruption {
  readonly process: "aborted" | "closed" | "left alone";
  readonly fault: Fault | undefined;
}

const interruptions: readonly Interruption[] = [
  { process: "aborted", fault: undefined },
  { process: "aborted", fault: { respond: { status: 500 } } },
  { process: "aborted", fault: { cutAfterReceivedBytes: 1 } },
  { process: "closed", fault: undefined },
  { process: "closed", fault: { cutAfterReceivedBytes: 1 } },
  { process: "left alone", fault: { respond: { status: 503 } } },
  { process: "left alone", fault: { cutAfterBytes: 1 } },
  { process: "left alone", fault: { corruptByte: 0 } },
];

/** Copies until the request with that number arrives at either registry; from there on everything is interrupted. */
async function copyUntil(
  at: number,
  { process, fault }: Interruption,
  pair: Pair,
  copy: (engine: Engine, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const engine = pair.newEngine({ retry: { attempts: 1 } });
  const stop = new AbortController();
  let seen = 0;
  const intercept = (): Fault | undefined => {
    seen += 1;
    if (seen <= at) return undefined;
    if (process === "aborted") stop.abort();
    if (process === "closed") void engine.close();
    return fault;
  };
  pair.source.intercept = intercept;
  pair.destination.intercept = intercept;
  // A plan that is interrupted rejects; an apply has its failure in the report. Neither is what counts here.
  await copy(engine, stop.signal).catch(() => undefined);
  pair.source.intercept = undefined;
  pair.destination.intercept = undefined;
  expect(seen).toBeGreaterThan(at);
}

test("wherever a copy of any image is interrupted, its tag is as before or whole, and another process brings only the rest", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyImage,
      fc.option(anyImage, { nil: undefined, freq: 2 }),
      fc.nat({ max: 10_000 }),
      fc.constantFrom(...interruptions),
      async (image, old, number, interruption) => {
        fc.pre(old?.digest !== image.digest);
        await using pair = await startClosingPair();
        const source = await pair.seed(image);
        const destination = pair.at("to/app:1");
        if (old !== undefined) await push(old, { host: pair.destination.host, repository: "to/app", tag: "1" });
        const { blobs, manifests } = treeOf(image);
        const before = new Set(old === undefined ? [] : [...blobsOf(old), ...Object.keys(treeOf(old).manifests)]);
        const newOnes = (digests: object): number => Object.keys(digests).filter((one) => !before.has(one)).length;
        // At least: a look at each side, everything read and written once, the tag read back.
        const requests = 3 + 3 * newOnes(blobs) + 2 * newOnes(manifests);

        await copyUntil(number % requests, interruption, pair, async (engine, signal) => {
          const plan = await engine.plan({ source, destination }, { signal });
          return only(await engine.apply(plan, { signal }));
        });
        const tagged = await pair.tagged(destination);
        expect([old?.digest, image.digest]).toContain(tagged);
        const held = [old, image].find((one) => one !== undefined && one.digest === tagged);
        const tree = tagged === undefined ? undefined : await pair.tree(destination);
        expect(tree).toEqual(held === undefined ? undefined : treeOf(held));

        const there = await present(pair, destination, blobsOf(image));
        pair.resetCounts();
        const item = await pair.copy(source, destination, { engine: pair.newEngine() });
        expect(item.error).toBeUndefined();
        expect(await pair.tree(destination)).toEqual(treeOf(image));
        expect(uploaded(pair).filter((digest) => there.includes(digest))).toEqual([]);
        expect(new Set(uploaded(pair)).size).toBe(uploaded(pair).length);
      },
    ),
    { numRuns: 150 },
  );
});
