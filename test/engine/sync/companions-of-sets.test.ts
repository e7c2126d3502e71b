import { describe, expect, test } from "vitest";
import { mergePlans, parseReference, type Plan, type Rule } from "../../../engine/index.ts";
import { attachmentTag, buildCosignSignatures, buildReferrer } from "../../support/images/companions.ts";
import { buildImage, push, type TestManifest } from "../../support/images/index.ts";
import { type Pair, type PairOptions, startPair, stored } from "../pair.ts";

const images = Array.from({ length: 12 }, (_, number) => buildImage({ seed: `tag ${number}`, layers: [50] }));
const [first] = images as [TestManifest];
const signature = buildReferrer(first, "signature");
const cosign = buildCosignSignatures(first, ["legacy"]);

async function put(pair: Pair, manifest: TestManifest, tag?: string): Promise<void> {
  await push(manifest, { host: pair.source.host, repository: "from/app", ...(tag === undefined ? {} : { tag }) });
}

async function seeded(options: PairOptions): Promise<{ pair: Pair; rule: Rule }> {
  const pair = await startPair(options);
  for (const [number, image] of images.entries()) await put(pair, image, `1.${number}.0`);
  const rule = {
    source: parseReference(`${pair.source.host}/from/app`),
    destination: parseReference(`${pair.destination.host}/to/app`),
    selection: { mode: "all" },
    policy: { referrers: {} },
  } as const;
  return { pair, rule };
}

async function copy(pair: Pair, rule: Rule): Promise<Plan> {
  const engine = pair.newEngine();
  const plan = await engine.plan(rule);
  const report = await engine.apply(plan);
  expect(report.items.filter(({ outcome }) => outcome !== "done" && outcome !== "unchanged")).toEqual([]);
  return plan;
}

describe("what belongs to the images of a set", () => {
  test("is brought once where several tags have the same image", async () => {
    const { pair, rule } = await seeded({});
    await put(pair, first, "stable");
    await put(pair, first, "latest");
    await put(pair, signature);
    await put(pair, cosign, attachmentTag(first, "sig"));
    const plan = await copy(pair, rule);
    const companions = plan.items.filter(({ subject }) => subject !== undefined);
    expect(companions.map(({ digest }) => digest).toSorted()).toEqual([signature.digest, cosign.digest].toSorted());
    for (const { follows = -1 } of companions) expect(plan.items[follows]?.digest).toBe(first.digest);
    const after = await pair.newEngine().plan(rule);
    expect(new Set(after.items.map(({ action }) => action))).toEqual(new Set(["skip"]));
  });

  test.each([
    [["1.0.0"], "done"],
    [["latest", "stable"], "done"],
    [["1.0.0", "latest", "stable"], "left"],
  ])("comes with any of several tags of the same image: where %j fail it is %s", async (failing, outcome) => {
    const { pair, rule } = await seeded({});
    for (const tag of ["stable", "latest"]) await put(pair, first, tag);
    await put(pair, signature);
    await put(pair, cosign, attachmentTag(first, "sig"));
    const puts: string[] = [];
    pair.destination.intercept = ({ method, kind, reference }) => {
      if (method !== "PUT" || kind !== "manifest") return undefined;
      if (failing.includes(reference)) return { respond: { status: 403 } };
      puts.push(reference);
      return undefined;
    };
    // Two rules that have the same images, as two selections of one repository: what is merged is merged again.
    const plan = mergePlans([await pair.engine.plan(rule), await pair.engine.plan(rule)]);
    const { items } = await pair.engine.apply(stored(plan));
    const companions = items.filter(({ item }) => item.subject !== undefined);
    expect(companions.map((one) => one.outcome)).toEqual([outcome, outcome]);
    const image = puts.findIndex((reference) => ["1.0.0", "latest", "stable"].includes(reference));
    expect(puts.indexOf(signature.digest) > image).toBe(outcome === "done");
    expect(puts.includes(signature.digest)).toBe(outcome === "done");
  });

  test("is no image of its own: its tags are not selected", async () => {
    const { pair, rule } = await seeded({});
    await put(pair, cosign, attachmentTag(first, "sig"));
    const plan = await pair.newEngine().plan({ ...rule, policy: {} });
    expect(plan.items).toHaveLength(images.length);
  });

  test("costs a set in place without the API one question in all, and nothing at the destination", async () => {
    const { pair, rule } = await seeded({ source: { referrersApi: false }, destination: { referrersApi: false } });
    await copy(pair, rule);
    pair.resetCounts();
    await copy(pair, rule);
    expect(pair.source.counts()).toEqual({ "HEAD manifest": images.length, "GET tags": 1, "GET referrers": 1 });
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": images.length });
  });

  test("costs a set in place with the API one question for each image, and nothing at the destination", async () => {
    const { pair, rule } = await seeded({});
    await copy(pair, rule);
    pair.resetCounts();
    await copy(pair, rule);
    expect(pair.source.counts()).toEqual({
      "HEAD manifest": images.length,
      "GET tags": 1,
      "GET referrers": images.length,
    });
    expect(pair.destination.counts()).toEqual({ "HEAD manifest": images.length });
  });

  test("goes with an image that the source does not have any more", async () => {
    const { pair, rule } = await seeded({});
    const old = buildImage({ seed: "old", layers: [70] });
    await push(old, { host: pair.destination.host, repository: "to/app", tag: "0.9.0" });
    const oldSignature = buildReferrer(old, "old signature");
    await push(oldSignature, { host: pair.destination.host, repository: "to/app" });
    await push(buildCosignSignatures(old, ["x"]), {
      host: pair.destination.host,
      repository: "to/app",
      tag: attachmentTag(old, "sig"),
    });
    await copy(pair, rule);
    await copy(pair, { ...rule, policy: { referrers: {}, deletions: {} } });
    expect(await pair.tagged(pair.at("to/app:0.9.0"))).toBeUndefined();
    expect(await pair.tagged(pair.at(`to/app:${attachmentTag(old, "sig")}`))).toBeUndefined();
    expect(await pair.tagged(pair.at(`to/app@${oldSignature.digest}`))).toBeUndefined();
    expect(await pair.tagged(pair.at("to/app:1.0.0"))).toBe(first.digest);
  });
});
