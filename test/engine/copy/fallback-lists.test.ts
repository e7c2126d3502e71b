import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { withEntries } from "../../../engine/copy/fallback-lists.ts";
import { type Index, type Manifest, parseManifest } from "../../../engine/oci/manifest.ts";
import { atDigest, type Digest, type Plan, type Reference } from "../../../engine/index.ts";
import {
  attachmentTag,
  buildCosignSignatures,
  buildForeignIndex,
  buildReferrer,
  bundleType,
} from "../../support/images/companions.ts";
import { buildImage, descriptorOf, push, type TestManifest, types } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildImage({ seed: "listed", layers: [100] });
const referrers = ["one", "two", "three", "four"].map((seed) => buildReferrer(image, seed));
const withoutApi = { destination: { referrersApi: false } } as const;

/** A plan of referrers alone, for an image that is at both ends. */
async function stage(options: Parameters<typeof startPair>[0]): Promise<{ pair: Pair; plan: Plan; to: Reference }> {
  const pair = await startPair(options);
  const source = await pair.seed(image);
  const to = pair.at("to/app:1");
  await push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
  for (const one of referrers) await push(one, { host: pair.source.host, repository: "from/app" });
  const items = referrers.map(({ digest }) => ({
    source: atDigest(source, digest as Digest),
    destination: atDigest(to, digest as Digest),
    action: "copy" as const,
    reason: "it belongs to the image",
    digest: digest as Digest,
    bytes: 0,
    subject: image.digest as Digest,
  }));
  return { pair, plan: { items }, to };
}

interface Entry {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: object;
}

async function fallback(pair: Pair): Promise<{ manifests: Entry[] } & Record<string, unknown>> {
  const { intercept } = pair.destination;
  pair.destination.intercept = undefined;
  const answer = await fetch(`${pair.destination.url}/v2/to/app/manifests/${attachmentTag(image)}`, {
    headers: { accept: types.oci.index },
  });
  pair.destination.intercept = intercept;
  return (await answer.json()) as { manifests: Entry[] } & Record<string, unknown>;
}

const outcomes = async (pair: Pair, plan: Plan): Promise<(string | undefined)[]> =>
  (await pair.engine.apply(plan)).items.map(({ outcome, error }) => error?.code ?? outcome);

const done = ["done", "done", "done", "done"];
const all = referrers.map(({ digest }) => digest).toSorted();

async function putList(pair: Pair, list: TestManifest): Promise<void> {
  await push(list, { host: pair.destination.host, repository: "to/app", tag: attachmentTag(image) });
}

describe("where the registry keeps no lists of referrers", () => {
  test("the fallback tag lists all that arrive at once, with their types and annotations", async () => {
    const { pair, plan } = await stage(withoutApi);
    pair.resetCounts();
    expect(await outcomes(pair, plan)).toEqual(done);
    const { manifests, mediaType } = await fallback(pair);
    expect(mediaType).toBe(types.oci.index);
    expect(manifests.map(({ digest }) => digest).toSorted()).toEqual(all);
    expect(new Set(manifests.map(({ artifactType }) => artifactType))).toEqual(new Set([bundleType]));
    for (const { annotations } of manifests) expect(annotations).toHaveProperty(["org.opencontainers.image.created"]);
    expect(pair.destination.counts()["GET referrers"]).toBe(1);
    const writes = pair.destination.requests.filter(
      ({ method, path }) => method === "PUT" && path.endsWith(attachmentTag(image)),
    );
    expect(writes.length).toBeLessThanOrEqual(referrers.length);
    expect(writes.length).toBeGreaterThan(0);
  });

  test("entries of others stay letter for letter, and what is listed is not written again", async () => {
    const { pair, plan } = await stage(withoutApi);
    const foreign = { ...descriptorOf(buildReferrer(image, "foreign")), data: "e30=", "x-unknown": { deep: [1] } };
    const pushed = buildReferrer(image, "foreign");
    await push(pushed, { host: pair.destination.host, repository: "to/app" });
    await putList(pair, buildForeignIndex([foreign], { annotations: { kept: "yes" }, "x-more": true }));
    expect(await outcomes(pair, plan)).toEqual(done);
    const list = await fallback(pair);
    expect(list.manifests[0]).toEqual(foreign);
    expect(list).toMatchObject({ annotations: { kept: "yes" }, "x-more": true });
    expect(list.manifests).toHaveLength(5);
    const before = pair.destination.requests.length;
    expect(await outcomes(pair, plan)).toEqual(done);
    const again = pair.destination.requests.slice(before);
    expect(again.filter(({ method, path }) => method === "PUT" && path.endsWith(attachmentTag(image)))).toEqual([]);
  });

  test("a writer who overwrites the list in between is read again, and both are listed", async () => {
    const { pair, plan } = await stage(withoutApi);
    const other = buildReferrer(image, "of somebody else");
    await push(other, { host: pair.destination.host, repository: "to/app" });
    let written = false;
    pair.destination.intercept = ({ method, reference }) => {
      if (reference !== attachmentTag(image)) return undefined;
      if (method === "PUT") written = true;
      if (method !== "GET" || !written) return undefined;
      // After our first write, before we look: somebody who has read an empty list writes his own.
      pair.destination.intercept = undefined;
      return { until: putList(pair, buildForeignIndex([descriptorOf(other)])) };
    };
    expect(await outcomes(pair, plan)).toEqual(done);
    const { manifests } = await fallback(pair);
    expect(manifests.map(({ digest }) => digest).toSorted()).toEqual([...all, other.digest].toSorted());
  });

  test("a list that somebody overwrites for ever is given up, and says who disturbs", async () => {
    const { pair, plan } = await stage(withoutApi);
    const empty = buildForeignIndex([]);
    pair.destination.intercept = ({ method, reference }) =>
      method === "GET" && reference === attachmentTag(image)
        ? { respond: { status: 200, headers: { "Content-Type": types.oci.index }, body: empty.bytes } }
        : undefined;
    expect(await outcomes(pair, plan)).toEqual(["conflict", "conflict", "conflict", "conflict"]);
  });

  test.each([
    ["signatures of cosign", buildCosignSignatures(image, ["x"])],
    ["the image itself", image],
  ])("something else under the fallback tag is left alone, and the referrer fails: %s", async (_what, held) => {
    const { pair, plan, to } = await stage(withoutApi);
    await putList(pair, held);
    const report = await pair.engine.apply(plan);
    expect(report.items[0]?.error).toMatchObject({ code: "conflict", side: "destination" });
    expect(report.items[0]?.error?.message).toContain(attachmentTag(image));
    expect(await pair.tagged({ ...to, tag: attachmentTag(image) })).toBe(held.digest);
  });
});

describe("where the registry lists referrers itself", () => {
  test("no fallback tag is made", async () => {
    const { pair, plan, to } = await stage({});
    expect(await outcomes(pair, plan)).toEqual(done);
    expect(await pair.tagged({ ...to, tag: attachmentTag(image) })).toBeUndefined();
    expect(pair.destination.counts()["GET referrers"]).toBeUndefined();
  });

  test("no fallback tag is made either when a proxy takes the header away", async () => {
    const { pair, plan, to } = await stage({});
    pair.destination.intercept = ({ method, kind }) =>
      method === "PUT" && kind === "manifest" ? { headers: { "OCI-Subject": undefined } } : undefined;
    expect(await outcomes(pair, plan)).toEqual(done);
    expect(await pair.tagged({ ...to, tag: attachmentTag(image) })).toBeUndefined();
  });
});

describe("adding entries to a list", () => {
  const manifests: Manifest[] = referrers.map(({ bytes, mediaType }) => parseManifest(bytes, mediaType));
  const digestsOf = (manifest: Manifest | undefined): string[] =>
    (manifest as Index | undefined)?.manifests.map(({ digest }) => digest) ?? [];

  test("is the same whatever the order, adds each once, and has nothing to add the second time", () => {
    const some = array(constantFrom(...manifests), { minLength: 1, maxLength: 8 });
    assert(
      property(some, some, (first, second) => {
        const list = withEntries(undefined, first) as Index;
        expect(withEntries(undefined, first.toReversed())?.digest).toBe(list.digest);
        expect(new Set(digestsOf(list)).size).toBe(digestsOf(list).length);
        expect(withEntries(list, first)).toBeUndefined();
        const both = withEntries(list, second) ?? list;
        expect(digestsOf(both).slice(0, digestsOf(list).length)).toEqual(digestsOf(list));
        expect(new Set(digestsOf(both))).toEqual(new Set([...first, ...second].map(({ digest }) => digest)));
      }),
    );
  });
});
