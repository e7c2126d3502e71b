import { describe, expect, test } from "vitest";
import type { Digest, Policy } from "../../../engine/index.ts";
import { buildImage, buildPlatformIndex, push } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";
import { pushTags, setRule } from "./tag-sets.ts";

const image = buildImage({ seed: "image", layers: [400] });
const foreign = buildImage({ seed: "foreign", layers: [200] });

describe("additional tags", () => {
  test("are put on the image once it is there, one PUT and one look each", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const rule = { source, destination: pair.at("to/app:1.2.3"), additionalTags: ["1.2", "1", "1.2.3", "1"] };
    pair.resetCounts();
    const plan = await pair.engine.plan(rule);
    expect(plan.items.map(({ destination, action, follows }) => [destination.tag, action, follows])).toEqual([
      ["1.2.3", "copy", undefined],
      ["1.2", "tag", 0],
      ["1", "tag", 0],
    ]);
    const report = await pair.engine.apply(plan);
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
    expect(pair.destination.counts()).toMatchObject({ "HEAD manifest": 3, "PUT manifest": 3, "GET manifest": 3 });
    for (const tag of ["1", "1.2", "1.2.3"]) expect(await pair.tagged(pair.at(`to/app:${tag}`))).toBe(image.digest);
    expect((await pair.engine.plan(rule)).items.map(({ action }) => action)).toEqual(["skip", "skip", "skip"]);
  });

  test("are put where the image is in place without them, also for a subset of platforms", async () => {
    const pair = await startPair();
    const source = await pair.seed(buildPlatformIndex({ seed: "index", layers: [100] }));
    const policy: Policy = { platforms: [{ os: "linux", architecture: "arm64" }] };
    const destination = pair.at("to/app:1");
    await pair.engine.apply(await pair.engine.plan({ source, destination, policy }));
    const rule = { source, destination, policy, additionalTags: ["more"] };
    const engine = pair.newEngine();
    const report = await engine.apply(await engine.plan(rule));
    expect(report.items.map(({ item, outcome }) => [item.action, outcome])).toEqual([
      ["skip", "unchanged"],
      ["tag", "done"],
    ]);
    expect(await pair.tagged(pair.at("to/app:more"))).toBe(await pair.tagged(destination));
  });

  test("follow an image that is named by digest at the destination", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const destination = pair.at(`to/app@${image.digest}`);
    const report = await pair.engine.apply(await pair.engine.plan({ source, destination, additionalTags: ["a"] }));
    expect(report.items.map(({ outcome }) => outcome)).toEqual(["done", "done"]);
    expect(await pair.tagged(pair.at("to/app:a"))).toBe(image.digest);
  });

  test("are subject to the same policy of what may be replaced, each by itself", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    await push(foreign, { host: pair.destination.host, repository: "to/app", tag: "taken" });
    const rule = { source, destination: pair.at("to/app:1"), additionalTags: ["taken", "free"] };
    const kept = await pair.engine.plan({ ...rule, policy: { onConflict: "keep" } });
    expect(kept.items).toMatchObject([
      { action: "copy" },
      { action: "skip", digest: foreign.digest },
      { action: "tag", guarded: "keep" },
    ]);
    const failing = await pair.engine.plan({ ...rule, policy: { onConflict: "fail" } });
    expect(failing.items).toMatchObject([{ action: "copy" }, { action: "conflict" }, { action: "tag" }]);
    const ours = await pair.engine.plan({ ...rule, policy: { onConflict: "fail", ours: [foreign.digest as Digest] } });
    expect(ours.items.map(({ action }) => action)).toEqual(["copy", "tag", "tag"]);
  });

  test("are not put on something else that the destination keeps, nor where the image conflicts", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    await push(foreign, { host: pair.destination.host, repository: "to/app", tag: "1" });
    const rule = { source, destination: pair.at("to/app:1"), additionalTags: ["more"] };
    const kept = await pair.engine.apply(await pair.engine.plan({ ...rule, policy: { onConflict: "keep" } }));
    expect(kept.items.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged"]);
    const failing = await pair.engine.apply(await pair.engine.plan({ ...rule, policy: { onConflict: "fail" } }));
    expect(failing.items.map(({ outcome }) => outcome)).toEqual(["failed", "left"]);
    expect(await pair.tagged(pair.at("to/app:more"))).toBeUndefined();
  });

  test.each(["", "a/b", "-x", "x".repeat(129), "a b"])("that are none are refused: %j", async (tag) => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const plan = pair.engine.plan({ source, destination: pair.at("to/app:1"), additionalTags: [tag] });
    await expect(plan).rejects.toMatchObject({ code: "config" });
  });

  test("of a selection are for its highest version", async () => {
    const pair = await startPair();
    await pushTags(pair.source.host, "from/app", { "1.0.0": foreign, "1.1.0": image });
    const rule = { ...setRule(pair, { mode: "highest" }), additionalTags: ["latest"] };
    await pair.engine.apply(await pair.engine.plan(rule));
    expect(await pair.tagged(pair.at("to/app:1.1.0"))).toBe(image.digest);
    expect(await pair.tagged(pair.at("to/app:latest"))).toBe(image.digest);
    expect(await pair.tagged(pair.at("to/app:1.0.0"))).toBeUndefined();
  });
});
