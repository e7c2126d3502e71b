import { describe, expect, test } from "vitest";
import type { Plan, PlanItem, Policy, Reference } from "../../../engine/index.ts";
import {
  attachmentTag,
  buildCosignSignatures,
  buildFallbackIndex,
  buildReferrer,
  bundleType,
  sbomType,
} from "../../support/images/companions.ts";
import { buildAttestation } from "../../support/images/image-index.ts";
import {
  buildImage,
  buildIndex,
  buildPlatformIndex,
  fetchTree,
  push,
  type TestManifest,
  treeOf,
} from "../../support/images/index.ts";
import { type Pair, type PairOptions, startPair, stored } from "../pair.ts";

const index = buildPlatformIndex({
  seed: "signed",
  layers: [400],
  platforms: ["amd64", "arm64", "s390x"].map((architecture) => ({ os: "linux", architecture })),
});
const [amd64, arm64] = index.children as [TestManifest, TestManifest];

const bundle = buildReferrer(index, "bundle");
const sbom = buildReferrer(amd64, "sbom of a child", sbomType);
const sbomSignature = buildReferrer(sbom, "signature of the sbom");
const cosign = buildCosignSignatures(index, ["first"]);
const childCosign = buildCosignSignatures(arm64, ["of a child"]);

const referrers: readonly (readonly [subject: TestManifest, referrer: TestManifest])[] = [
  [index, bundle],
  [amd64, sbom],
  [sbom, sbomSignature],
];
const tagged: readonly (readonly [tag: string, manifest: TestManifest])[] = [
  [attachmentTag(index, "sig"), cosign],
  [attachmentTag(arm64, "sig"), childCosign],
];
const everything = [index, bundle, sbom, sbomSignature, cosign, childCosign].map(({ digest }) => digest).toSorted();

const sides: readonly (readonly [string, boolean, boolean])[] = [
  ["from API to API", true, true],
  ["from API to fallback tags", true, false],
  ["from fallback tags to API", false, true],
  ["from fallback tags to fallback tags", false, false],
];

function sidesOf(source: boolean, destination: boolean): PairOptions {
  return { source: { referrersApi: source }, destination: { referrersApi: destination } };
}

/** Puts a manifest at the source, without the engine. */
async function put(pair: Pair, manifest: TestManifest, tag?: string): Promise<void> {
  await push(manifest, { host: pair.source.host, repository: "from/app", ...(tag === undefined ? {} : { tag }) });
}

async function seedSigned(pair: Pair, hasApi: boolean): Promise<Reference> {
  const source = await pair.seed(index);
  for (const [subject, referrer] of referrers) {
    await put(pair, referrer);
    if (!hasApi) await put(pair, buildFallbackIndex([referrer]), attachmentTag(subject));
  }
  for (const [tag, manifest] of tagged) await put(pair, manifest, tag);
  return source;
}

async function planOf(pair: Pair, source: Reference, policy: Policy = { referrers: {} }): Promise<Plan> {
  return stored(await pair.newEngine().plan({ source, destination: pair.at("to/app:1"), policy }));
}

async function applied(pair: Pair, plan: Plan): Promise<(string | undefined)[]> {
  const { items } = await pair.newEngine().apply(plan);
  return items.map(({ outcome, error }) => error?.message ?? outcome);
}

const digests = (items: readonly PlanItem[]): string[] => items.map(({ digest }) => digest).toSorted();

/** What the destination lists under a manifest, asked as any client would. */
async function listedAt(pair: Pair, subject: TestManifest, hasApi: boolean): Promise<string[]> {
  const path = hasApi ? `referrers/${subject.digest}` : `manifests/${attachmentTag(subject)}`;
  const answer = await fetch(`${pair.destination.url}/v2/to/app/${path}`, {
    headers: { accept: "application/vnd.oci.image.index.v1+json" },
  });
  if (answer.status === 404) return [];
  return ((await answer.json()) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest);
}

describe.each(sides)("what belongs to an image travels with it %s", (_name, here, there) => {
  test("once, by digest, in the order in which subjects come first, and is listed there", async () => {
    const pair = await startPair(sidesOf(here, there));
    const source = await seedSigned(pair, here);
    const plan = await planOf(pair, source);
    expect(digests(plan.items)).toEqual(everything);
    expect(plan.warnings).toBeUndefined();
    expect(plan.items.map(({ follows = -1 }, position) => follows < position)).toEqual(plan.items.map(() => true));
    expect(await applied(pair, plan)).toEqual(plan.items.map(() => "done"));

    for (const [subject, referrer] of referrers) {
      expect(await listedAt(pair, subject, there)).toEqual([referrer.digest]);
      expect(await fetchTree(pair.destination, "to/app", referrer.digest)).toEqual(treeOf(referrer));
    }
    for (const [tag, manifest] of tagged) {
      expect(await fetchTree(pair.destination, "to/app", tag)).toEqual(treeOf(manifest));
    }
    expect((await pair.tagged(pair.at(`to/app:${attachmentTag(index)}`))) === undefined).toBe(there);

    const again = await planOf(pair, source, { referrers: {}, integrity: "manifests" });
    expect(again.items.map(({ action }) => action)).toEqual(["skip"]);
  });

  test("also to an image that is there already, and only what is missing", async () => {
    const pair = await startPair(sidesOf(here, there));
    const source = await pair.seed(index);
    await applied(pair, await planOf(pair, source));
    await seedSigned(pair, here);
    const plan = await planOf(pair, source, { referrers: {}, integrity: "manifests" });
    expect(digests(plan.items)).toEqual(everything);
    expect(plan.items[0]?.action).toBe("skip");
    expect(await applied(pair, { items: plan.items.slice(0, 3) })).toEqual(["unchanged", "done", "done"]);
    const rest = await planOf(pair, source, { referrers: {}, integrity: "manifests" });
    expect(rest.items).toHaveLength(plan.items.length - 2);
    await applied(pair, rest);
    expect((await planOf(pair, source, { referrers: {}, integrity: "manifests" })).items).toHaveLength(1);
  });
});

describe("what travels", () => {
  test("nothing, without the policy", async () => {
    const pair = await startPair();
    const plan = await planOf(pair, await seedSigned(pair, true), {});
    expect(digests(plan.items)).toEqual([index.digest]);
  });

  test("only the wanted types", async () => {
    const pair = await startPair();
    const source = await seedSigned(pair, true);
    for (const [type, wanted] of [
      [bundleType, [bundle]],
      [sbomType, [sbom]],
      ["sig", [cosign, childCosign]],
    ] as const) {
      const plan = await planOf(pair, source, { referrers: { artifactTypes: [type] } });
      expect(digests(plan.items.slice(1))).toEqual(wanted.map(({ digest }) => digest).toSorted());
      expect(new Set(plan.items.slice(1).map(({ artifactType }) => artifactType))).toEqual(new Set([type]));
    }
  });

  test("of a platform subset what belongs to its platforms; what belongs to the whole index is named and left", async () => {
    const pair = await startPair();
    const source = await seedSigned(pair, true);
    const platforms = [{ os: "linux", architecture: "amd64" }];
    const plan = await planOf(pair, source, { referrers: {}, platforms });
    expect(digests(plan.items.slice(1))).toEqual([sbom, sbomSignature].map(({ digest }) => digest).toSorted());
    expect(plan.warnings).toHaveLength(1);
    for (const named of [index.digest, bundle.digest, attachmentTag(index, "sig")])
      expect(plan.warnings?.[0]).toContain(named);
    expect(await applied(pair, plan)).toEqual(["done", "done", "done"]);
    const again = await planOf(pair, source, { referrers: {}, platforms });
    expect(again).toMatchObject({ items: [{ action: "skip" }] });
    expect(again.warnings).toBeUndefined();
  });

  test("attestations of BuildKit, which are children of the index and need no list", async () => {
    const image = buildImage({ seed: "attested", layers: [300] });
    const attested = buildIndex({ children: [image, buildAttestation(image)] });
    const pair = await startPair();
    const plan = await planOf(pair, await pair.seed(attested));
    expect(plan.items).toHaveLength(1);
    await applied(pair, plan);
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(attested));
  });

  test("not what claims to belong to an image and does not, nor what belongs to that", async () => {
    const pair = await startPair({ source: { referrersApi: false } });
    const source = await pair.seed(index);
    const other = buildImage({ seed: "other", layers: [10] });
    const liar = buildReferrer(other, "of another image");
    const follower = buildReferrer(liar, "belongs to the liar");
    for (const one of [other, liar, follower]) await put(pair, one);
    await put(pair, buildFallbackIndex([liar, other]), attachmentTag(index));
    await put(pair, buildFallbackIndex([follower]), attachmentTag(liar));
    const plan = await planOf(pair, source);
    expect(digests(plan.items)).toEqual([index.digest]);
    expect(plan.warnings?.filter((warning) => warning.includes("left out"))).toHaveLength(2);
  });

  test("not what is incomplete at its source, which is told", async () => {
    const pair = await startPair({ source: { referrersApi: false } });
    const source = await pair.seed(index);
    await put(pair, bundle);
    await put(pair, buildFallbackIndex([bundle]), attachmentTag(index));
    pair.source.intercept = ({ reference }) => (reference === bundle.digest ? { respond: { status: 404 } } : undefined);
    const plan = await planOf(pair, source);
    expect(digests(plan.items)).toEqual([index.digest]);
    expect(plan.warnings?.[0]).toContain(bundle.digest);
  });

  test("never the fallback tag itself", async () => {
    const pair = await startPair({ source: { referrersApi: false } });
    const plan = await planOf(pair, await seedSigned(pair, false));
    expect(plan.items.map(({ destination }) => destination.tag)).not.toContain(attachmentTag(index));
  });
});

describe("what does not arrive", () => {
  test("because its list cannot be written fails, and is listed by the next copy", async () => {
    const pair = await startPair(sidesOf(false, false));
    const source = await seedSigned(pair, false);
    const tag = attachmentTag(index);
    pair.destination.intercept = ({ method, reference }) =>
      method === "PUT" && reference === tag ? { respond: { status: 403 } } : undefined;
    const plan = await planOf(pair, source);
    const { items } = await pair.newEngine().apply(plan);
    expect(
      items.filter(({ outcome }) => outcome !== "done").map(({ item, error }) => [item.digest, error?.code]),
    ).toEqual([[bundle.digest, "denied"]]);
    expect(await pair.tagged(pair.at(`to/app@${bundle.digest}`))).toBe(bundle.digest);
    pair.destination.intercept = undefined;
    const again = await planOf(pair, source);
    expect(digests(again.items.slice(1))).toEqual([bundle.digest]);
    expect(await applied(pair, again)).toEqual(["unchanged", "done"]);
    expect(await listedAt(pair, index, false)).toEqual([bundle.digest]);
  });

  test("does not travel without its image", async () => {
    const pair = await startPair();
    const source = await seedSigned(pair, true);
    const plan = await planOf(pair, source);
    pair.destination.intercept = ({ method, reference }) =>
      method === "PUT" && reference === "1" ? { respond: { status: 403 } } : undefined;
    const { items } = await pair.newEngine().apply(plan);
    expect(items.map(({ outcome }) => outcome)).toEqual(["failed", ...plan.items.slice(1).map(() => "left")]);
    expect(await pair.tagged(pair.at(`to/app@${bundle.digest}`))).toBeUndefined();
  });

  test("because somebody signs at the destination meanwhile leaves his signature alone", async () => {
    const pair = await startPair();
    const source = await seedSigned(pair, true);
    const plan = await planOf(pair, source);
    const tag = attachmentTag(index, "sig");
    const foreign = buildCosignSignatures(index, ["only here"]);
    await push(foreign, { host: pair.destination.host, repository: "to/app", tag });
    await applied(pair, plan);
    expect(await pair.tagged(pair.at(`to/app:${tag}`))).toBe(foreign.digest);
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(index.digest);
  });
});

describe("signatures of cosign", () => {
  const tag = attachmentTag(index, "sig");
  const two = buildCosignSignatures(index, ["first", "second"]);
  const foreign = buildCosignSignatures(index, ["only here"]);

  async function between(here: TestManifest, there: TestManifest): Promise<{ pair: Pair; plan: Plan }> {
    const pair = await startPair();
    const source = await pair.seed(index);
    await put(pair, here, tag);
    await applied(pair, await planOf(pair, source, {}));
    await push(there, { host: pair.destination.host, repository: "to/app", tag });
    return { pair, plan: await planOf(pair, source) };
  }

  test("that were added at the source arrive", async () => {
    const { pair, plan } = await between(two, cosign);
    expect(await applied(pair, plan)).toEqual(["unchanged", "done"]);
    expect(await pair.tagged(pair.at(`to/app:${tag}`))).toBe(two.digest);
  });

  test("that were added at the destination stay", async () => {
    const { plan } = await between(cosign, two);
    expect(plan.items.map(({ action }) => action)).toEqual(["skip"]);
    expect(plan.warnings).toBeUndefined();
  });

  test("that only the destination has are never overwritten, though all sign the same bytes, and that is told", async () => {
    const { plan } = await between(two, foreign);
    expect(plan.items.map(({ action }) => action)).toEqual(["skip"]);
    expect(plan.warnings?.[0]).toContain(tag);
  });
});

describe("what it costs", () => {
  const plain = buildImage({ seed: "plain", layers: [100] });

  async function counts(options: PairOptions, image: TestManifest): Promise<Record<string, number>[]> {
    const pair = await startPair(options);
    const source = await pair.seed(image);
    const all: Record<string, number>[] = [];
    for (const _time of ["cold", "in place"]) {
      const costs: Record<string, number>[] = [];
      for (const policy of [{}, { referrers: {} }]) {
        pair.resetCounts();
        await planOf(pair, source, policy);
        costs.push(pair.source.counts());
      }
      const [without = {}, { ...more } = {}] = costs;
      for (const [kind, count] of Object.entries(without)) more[kind] = (more[kind] ?? 0) - count;
      all.push(Object.fromEntries(Object.entries(more).filter(([, count]) => count !== 0)));
      await applied(pair, await planOf(pair, source));
      pair.resetCounts();
      await planOf(pair, source);
      expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
    }
    return all;
  }

  test("an image without referrers: one list of tags and one question, cold and in place, and nothing at the destination", async () => {
    for (const referrersApi of [true, false]) {
      expect(await counts(sidesOf(referrersApi, referrersApi), plain)).toEqual([
        { "GET tags": 1, "GET referrers": 1 },
        { "GET tags": 1, "GET referrers": 1 },
      ]);
    }
  });

  test("an index: with the API a question for each child too, when it is copied and not when it is in place", async () => {
    expect(await counts({}, index)).toEqual([
      { "GET tags": 1, "GET referrers": 4 },
      { "GET tags": 1, "GET referrers": 1 },
    ]);
    expect(await counts(sidesOf(false, false), index)).toEqual([
      { "GET tags": 1, "GET referrers": 1 },
      { "GET tags": 1, "GET referrers": 1 },
    ]);
  });
});
