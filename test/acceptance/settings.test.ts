import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { type Body, expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildPlatformIndex({ seed: "settings", layers: [2000] });

async function prepared(): Promise<Stage & { readonly reference: string; readonly origin: string }> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  return { ...stage, reference: `${stage.destination.host}/mirror/app`, origin: `${stage.source.host}/team/app:1.0` };
}

describe.skipIf(terraformProgram === undefined)("a setting that is changed", patient, () => {
  test.each<[string, Body]>([
    ["integrity_check", { integrity_check: "blobs" }],
    ["on_source_unavailable", { on_source_unavailable: "fail" }],
    ["required_platforms", { required_platforms: ["linux/amd64"] }],
    ["timeouts", { timeouts: nested({ create: "1h", update: "1h30m" }) }],
    ["triggers", { triggers: { version: "2" } }],
  ])("%s: an update in place that keeps the id and moves nothing", async (_name, setting) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const base = { source: origin, destination: `${reference}:1.0` };
    await workspace.write(config(mirror(base)));
    await workspace.apply();
    await workspace.write(config(mirror({ ...base, ...setting })));
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${image.digest}`, complete: true });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    await expectNothingToDo(workspace);
    await workspace.write(config(mirror(base)));
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("source: the same digest under another name is an update that moves nothing", async () => {
    const { workspace, config, reference, origin, destination, source } = await prepared();
    await pushTo(source, "team/renamed", "stable", image);
    await workspace.write(config(mirror({ source: origin, destination: `${reference}:1.0` })));
    await workspace.apply();
    await workspace.write(
      config(mirror({ source: `${source.host}/team/renamed:stable`, destination: `${reference}:1.0` })),
    );
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${image.digest}` });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    await expectNothingToDo(workspace);
  });
});

describe.skipIf(terraformProgram === undefined)("a destination", patient, () => {
  test.each([
    ["without a tag is latest", "", "latest"],
    ["with tag and digest keeps both", `:1.0@${image.digest}`, "1.0"],
  ])("%s, from create to destroy", async (_name, suffix, tag) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(config(mirror({ source: origin, destination: `${reference}${suffix}` })));
    await workspace.apply();
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${reference}@${image.digest}`,
      tagged_ref: `${reference}:${tag}@${image.digest}`,
    });
    expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(image));
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await digestOfTag(destination, "mirror/app", tag)).toBeUndefined();
  });

  test("with a digest alone is copied by digest and sets no tag", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(config(mirror({ source: origin, destination: `${reference}@${image.digest}` })));
    await workspace.apply();
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${reference}@${image.digest}`,
      tagged_ref: `${reference}@${image.digest}`,
    });
    expect(await fetchTree(destination, "mirror/app", image.digest)).toEqual(treeOf(image));
    expect(await digestOfTag(destination, "mirror/app", "latest")).toBeUndefined();
    await expectNothingToDo(workspace);
    await workspace.destroy();
  });

  test("that is the source itself is refused, as its destroy would delete the source", async () => {
    const { workspace, config, origin, source } = await prepared();
    await workspace.write(config(mirror({ source: origin, destination: origin })));
    const errors = (await workspace.validate()).filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([{ line: expect.stringMatching(/^destination/) }]);
    expect(await digestOfTag(source, "team/app", "1.0")).toBe(image.digest);
  });
});
