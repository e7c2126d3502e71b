import { describe, expect, test } from "vitest";
import { type Plan, mergePlans, type Rule } from "../../../engine/index.ts";
import { buildImage, push, type TestManifest } from "../../support/images/index.ts";
import { type Pair, startPair, stored } from "../pair.ts";
import { pushTags, setRule } from "./tag-sets.ts";

const base = { seed: "base", size: 500 };
const images: Readonly<Record<string, TestManifest>> = Object.fromEntries(
  ["1.0.0", "1.1.0", "1.2.0", "2.0.0"].map((tag) => [tag, buildImage({ seed: tag, layers: [base, 100] })]),
);
const { "1.0.0": oldest, ...wanted } = images;
const foreign = buildImage({ seed: "foreign", layers: [base, 50] });

/** A mirror of which the source has lost one tag, seen by a later process. */
async function shrunken(): Promise<{ readonly pair: Pair; readonly rule: Rule }> {
  const pair = await startPair();
  await pushTags(pair.source.host, "from/app", wanted);
  await pushTags(pair.destination.host, "to/app", images);
  pair.resetCounts();
  return { pair, rule: setRule(pair, {}, { deletions: {} }) };
}

async function tagsThere(pair: Pair): Promise<string[]> {
  return (await pair.newEngine().tags(pair.at("to/app"))).toSorted();
}

async function untagAt({ source }: Pair, repository: string, tag: string): Promise<void> {
  const answer = await fetch(`${source.url}/v2/${repository}/manifests/${tag}`, { method: "DELETE" });
  expect(answer.status).toBe(202);
}

function deletes({ items }: Plan): string[] {
  return items.filter(({ action }) => action === "delete").map(({ destination }) => destination.tag ?? "");
}

describe("a tag that the selection no longer has", () => {
  test("stays where no deletions are asked for, and the destination is not listed", async () => {
    const { pair, rule } = await shrunken();
    expect(deletes(await pair.engine.plan({ ...rule, policy: {} }))).toEqual([]);
    expect(pair.destination.counts()).not.toHaveProperty("GET tags");
  });

  test("goes after everything else, with what only it has held, for one more list and one HEAD", async () => {
    const { pair, rule } = await shrunken();
    const plan = stored(await pair.engine.plan(rule));
    expect(plan.items.at(-1)).toMatchObject({
      action: "delete",
      destination: { tag: "1.0.0" },
      digest: oldest?.digest,
    });
    expect(pair.destination.counts()).toEqual({ "GET tags": 1, "HEAD manifest": 4 });
    const report = await pair.engine.apply(plan);
    expect(report.items.at(-1)).toMatchObject({
      outcome: "done",
      removal: { untagged: true, manifests: [oldest?.digest] },
    });
    expect(await tagsThere(pair)).toEqual(["1.1.0", "1.2.0", "2.0.0"]);
    for (const [tag, image] of Object.entries(wanted)) {
      expect((await pair.tree(pair.at(`to/app:${tag}`))).digest).toBe(image.digest);
    }
    expect((await pair.newEngine().plan(rule)).items.map(({ action }) => action)).toEqual(["skip", "skip", "skip"]);
  });

  test("is told apart from one that the source has lost", async () => {
    const { pair, rule } = await shrunken();
    const plan = await pair.engine.plan({ ...rule, selection: { tags: ["1.2.0", "2.0.0"] } });
    expect(deletes(plan).toSorted()).toEqual(["1.0.0", "1.1.0"]);
  });

  test("is kept, and told, where it was moved after the plan", async () => {
    const { pair, rule } = await shrunken();
    const plan = await pair.engine.plan(rule);
    await push(foreign, { host: pair.destination.host, repository: "to/app", tag: "1.0.0" });
    const item = (await pair.engine.apply(plan)).items.at(-1);
    expect(item?.outcome).toBe("unchanged");
    expect(item?.reason).toContain("1.0.0");
    expect(await pair.tagged(pair.at("to/app:1.0.0"))).toBe(foreign.digest);
  });

  test("is done when somebody has removed it meanwhile", async () => {
    const { pair, rule } = await shrunken();
    const plan = await pair.engine.plan(rule);
    await pair.newEngine().remove(pair.at("to/app:1.0.0"));
    expect((await pair.engine.apply(plan)).items.at(-1)).toMatchObject({ outcome: "done", removal: { absent: true } });
  });

  test.each([
    ["as it is", (plan: Plan): Plan => plan],
    ["stored", stored],
    ["merged with others", (plan: Plan): Plan => mergePlans([{ items: [] }, plan])],
    ["stored without its mark, as one of another process", (plan: Plan): Plan => stored({ ...plan, mark: undefined })],
    ["with the mark of another engine", (plan: Plan) => ({ ...plan, mark: { engine: "x", claims: 9999 } })],
  ])("stays where this process has put it for another rule after the plan (%s)", async (_name, carried) => {
    const { pair, rule } = await shrunken();
    const source = await pair.seed(oldest ?? foreign, "elsewhere/app", "1.0.0");
    const plan = carried(await pair.engine.plan(rule));
    await pair.copy(source, pair.at("to/app:1.0.0"));
    expect((await pair.engine.apply(plan)).items.at(-1)?.outcome).toBe("unchanged");
    expect(await pair.tagged(pair.at("to/app:1.0.0"))).toBe(oldest?.digest);
  });

  test("goes also where this very process has put it, when the source has lost it since", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", { "0.9.0": foreign, ...wanted });
    const rule = setRule(pair, {}, { deletions: {} });
    const run = async (): Promise<unknown> => {
      const { items } = await pair.engine.apply(stored(await pair.engine.plan(rule)));
      return items.map(({ outcome }) => outcome);
    };
    expect(await run()).toEqual(["done", "done", "done", "done"]);
    expect(await run()).toEqual(["unchanged", "unchanged", "unchanged", "unchanged"]);
    await untagAt(pair, "from/app", "0.9.0");
    expect(await run()).toEqual(["unchanged", "unchanged", "unchanged", "done"]);
    expect(await tagsThere(pair)).toEqual(["1.1.0", "1.2.0", "2.0.0"]);
  });

  test("stays where plans were merged of which one does not say what it knows", async () => {
    const { pair, rule } = await shrunken();
    const source = await pair.seed(oldest ?? foreign, "elsewhere/app", "1.0.0");
    await pair.copy(source, pair.at("to/app:1.0.0"));
    const plan = await pair.engine.plan(rule);
    const { mark: _, ...silent } = plan;
    expect(mergePlans([plan, plan]).mark).toEqual(plan.mark);
    expect(mergePlans([plan, silent]).mark).toBeUndefined();
    expect(mergePlans([silent, plan]).mark).toBeUndefined();
    expect(mergePlans([plan, { ...plan, mark: { engine: "x", claims: 1 } }]).mark).toBeUndefined();
    expect((await pair.engine.apply(mergePlans([silent, plan]))).items.at(-1)?.outcome).toBe("unchanged");
  });

  test("stays where another rule of the same plan wants it, in whatever process", async () => {
    const { pair, rule } = await shrunken();
    const source = await pair.seed(oldest ?? foreign, "elsewhere/app", "1.0.0");
    const other = await pair.engine.plan({ source, destination: pair.at("to/app:1.0.0") });
    const plan = stored(mergePlans([await pair.engine.plan(rule), other]));
    const report = await pair.newEngine().apply(plan);
    expect(report.items.map(({ outcome }) => outcome)).toEqual([
      "unchanged",
      "unchanged",
      "unchanged",
      "left",
      "unchanged",
    ]);
    expect(await pair.tagged(pair.at("to/app:1.0.0"))).toBe(oldest?.digest);
  });
});

describe("nothing is deleted", () => {
  test("where a copy into the repository has failed", async () => {
    const { pair, rule } = await shrunken();
    await pushTags(pair.source.host, "from/app", { "3.0.0": foreign });
    const plan = await pair.engine.plan(rule);
    pair.destination.intercept = ({ method, kind }) =>
      method === "PUT" && kind === "manifest" ? { respond: { status: 403 } } : undefined;
    const report = await pair.engine.apply(plan);
    expect(report.items.map(({ outcome }) => outcome).toSorted()).toEqual([
      "failed",
      "left",
      "unchanged",
      "unchanged",
      "unchanged",
    ]);
    expect(await tagsThere(pair)).toContain("1.0.0");
  });

  test("where something could not be planned", async () => {
    const { pair, rule } = await shrunken();
    pair.source.intercept = ({ reference }) => (reference === "1.1.0" ? { respond: { status: 403 } } : undefined);
    const plan = await pair.engine.plan(rule);
    expect(plan.failures).toHaveLength(1);
    expect(deletes(plan)).toEqual(["1.0.0"]);
    const report = await pair.engine.apply(stored(plan));
    expect(report.items.at(-1)).toMatchObject({ outcome: "left", item: { action: "delete" } });
    expect(await tagsThere(pair)).toContain("1.0.0");
  });

  test("where more would go than the guard allows, which is a failure; what is new is copied all the same", async () => {
    const { pair, rule } = await shrunken();
    await pushTags(pair.source.host, "from/app", { "3.0.0": foreign });
    const plan = await pair.engine.plan({ ...rule, selection: { tags: ["3.0.0"] } });
    expect(deletes(plan)).toEqual([]);
    expect(plan.failures).toMatchObject([{ code: "limit", destination: { repository: "to/app" } }]);
    expect((await pair.engine.apply(plan)).items).toMatchObject([{ outcome: "done" }]);
    expect(await tagsThere(pair)).toEqual(["1.0.0", "1.1.0", "1.2.0", "2.0.0", "3.0.0"]);
  });

  test("where the selection finds nothing, unless that is allowed", async () => {
    const { pair, rule } = await shrunken();
    const selection = { include: ["nothing-*"] };
    const plan = await pair.engine.plan({ ...rule, selection });
    expect(plan).toMatchObject({ items: [], failures: [{ code: "limit" }] });
    const allowed = { deletions: { allowEmptySource: true, maxShare: 1, protect: ["2.*"] } };
    expect(deletes(await pair.engine.plan({ ...rule, selection, policy: allowed })).toSorted()).toEqual([
      "1.0.0",
      "1.1.0",
      "1.2.0",
    ]);
  });

  test("where the destination does not exist yet", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", wanted);
    const rule = setRule(pair, {}, { deletions: {} });
    const report = await pair.engine.apply(await pair.engine.plan(rule));
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  });
});

test("several tags go together", async () => {
  const { pair, rule } = await shrunken();
  const selection = { tags: ["2.0.0", "1.2.0"] };
  const report = await pair.engine.apply(await pair.engine.plan({ ...rule, selection }));
  expect(report.items.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged", "done", "done"]);
  expect(await tagsThere(pair)).toEqual(["1.2.0", "2.0.0"]);
});

test("a tag goes after what another rule of the plan reads from its repository", async () => {
  const pair = await startPair({ same: true });
  const image = buildImage({ seed: "chain", layers: [3000, 4000, 5000, 6000] });
  await pushTags(pair.destination.host, "to/app", { "1.0.0": image });
  const mirrored = await pair.engine.plan({ source: pair.at("to/app:1.0.0"), destination: pair.at("next/app:1.0.0") });
  const [put] = mirrored.items;
  if (put === undefined) throw new Error("Nothing is planned");
  const going = { source: put.source, destination: pair.at("to/app:1.0.0"), digest: put.digest };
  const plan = mergePlans([
    { items: [{ ...going, action: "delete", reason: "the source does not have it any more", bytes: 0 }] },
    mirrored,
  ]);
  pair.resetCounts();
  const report = await pair.newEngine().apply(plan);
  expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "done"]);
  const written = pair.destination.requests.map(({ method, path }) => `${method} ${path}`);
  const tagged = written.findIndex((request) => request.startsWith("PUT /v2/next/app/manifests/1.0.0"));
  const untagged = written.findIndex((request) => /^(?:DELETE|PUT) \/v2\/to\/app\/manifests\//.test(request));
  expect(untagged).toBeGreaterThan(tagged);
});
