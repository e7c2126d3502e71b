import { describe, expect, test } from "vitest";
import { buildImage, fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, expression, nested, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const one = buildImage({ seed: "one", layers: [2000] });
const two = buildImage({ seed: "two", layers: [2000] });

const newFirst = nested({ create_before_destroy: true });

async function prepared(): Promise<Stage & { readonly reference: string; readonly origin: string }> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "one", one);
  await pushTo(stage.source, "team/app", "again", one);
  await pushTo(stage.source, "team/app", "two", two);
  return { ...stage, reference: `${stage.destination.host}/mirror/app`, origin: `${stage.source.host}/team/app` };
}

describe.skipIf(terraformProgram === undefined)("two objects on one destination tag", patient, () => {
  test.each([
    ["equal", "one", one],
    ["different", "two", two],
  ])("create_before_destroy with %s digests: the newer object's tag survives", async (_name, tag, image) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const body = (from: string): string =>
      config(mirror({ source: `${origin}:${from}`, destination: `${reference}:live`, lifecycle: newFirst }));
    await workspace.write(body("one"));
    await workspace.apply();
    await workspace.write(body(tag));
    const plan = await workspace.plan({ args: ["-replace=imagesync.x"] });
    expect(plan.actions).toEqual({ "imagesync.x": "replace-keep" });
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "live")).toEqual(treeOf(image));
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await digestOfTag(destination, "mirror/app", "live")).toBeUndefined();
  });

  test.each([
    ["equal", "one", one],
    ["different", "two", two],
  ])("a deposed object with %s digests is destroyed without its successor's tag", async (_name, tag, image) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const body = (from: string): string =>
      config(
        mirror({
          source: `${origin}:${from}`,
          destination: `${reference}:live`,
          lifecycle: nested({
            create_before_destroy: true,
            replace_triggered_by: [expression("terraform_data.version")],
          }),
        }),
        `resource "terraform_data" "version" {\n  input = ${JSON.stringify(from)}\n}\n`,
      );
    await workspace.write(body("again"));
    await workspace.apply();
    await workspace.write(body(tag));
    const plan = await workspace.plan();
    expect(plan.actions).toMatchObject({ "imagesync.x": "replace-keep" });
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "live")).toEqual(treeOf(image));
    await expectNothingToDo(workspace);
  });

  test.each([
    ["equal", "one", one],
    ["different", "two", two],
  ])(
    "a resource of another name takes over with %s digests while the former is destroyed",
    async (_name, tag, image) => {
      const { workspace, config, reference, origin, destination } = await prepared();
      await workspace.write(config(mirror({ source: `${origin}:one`, destination: `${reference}:live` }, "former")));
      await workspace.apply();
      await workspace.write(config(mirror({ source: `${origin}:${tag}`, destination: `${reference}:live` }, "latter")));
      const plan = await workspace.plan();
      expect(plan.actions).toEqual({ "imagesync.former": "delete", "imagesync.latter": "create" });
      await workspace.apply(plan);
      // Both run at the same time: whichever came last, the tag must be the latter's after the next apply at the latest.
      await workspace.apply();
      expect(await fetchTree(destination, "mirror/app", "live")).toEqual(treeOf(image));
      await expectNothingToDo(workspace);
    },
  );

  test("two resources with equal digests: when one is removed, the other is whole after the next apply", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const both = ["a", "b"].map((name) => mirror({ source: `${origin}:one`, destination: `${reference}:live` }, name));
    await workspace.write(config(...both));
    await workspace.apply();
    await expectNothingToDo(workspace);
    await workspace.write(config(both[1] ?? ""));
    await workspace.apply();
    // Terraform does not show the other one to the process that destroys: nobody there knows that the tag is shared.
    expect([{}, { "imagesync.b": "create" }]).toContainEqual((await workspace.plan()).actions);
    await workspace.apply();
    await expectNothingToDo(workspace);
    expect(await digestOfTag(destination, "mirror/app", "live")).toBe(one.digest);
    await workspace.destroy();
    expect(await digestOfTag(destination, "mirror/app", "live")).toBeUndefined();
  });

  test("a changed destination moves the tag: the new one is there, the old one gone", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(config(mirror({ source: `${origin}:one`, destination: `${reference}:live` })));
    await workspace.apply();
    await workspace.write(
      config(mirror({ source: `${origin}:one`, destination: `${reference}:next`, lifecycle: newFirst })),
    );
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "replace-keep" });
    await workspace.apply(plan);
    expect(await digestOfTag(destination, "mirror/app", "live")).toBeUndefined();
    expect(await fetchTree(destination, "mirror/app", "next")).toEqual(treeOf(one));
    await expectNothingToDo(workspace);
  });

  test("another spelling of source and destination is no change", async () => {
    const { workspace, config, reference, source } = await prepared();
    await pushTo(source, "team/app", "latest", one);
    const spelled = (suffix: string): string =>
      config(mirror({ source: `${source.host}/team/app${suffix}`, destination: `${reference}${suffix}` }));
    await workspace.write(spelled(":latest"));
    await workspace.apply();
    await workspace.write(spelled(""));
    await expectNothingToDo(workspace);
  });

  test("a changed trigger examines the image again in place", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const body = (value: string): string =>
      config(mirror({ source: `${origin}:one`, destination: `${reference}:live`, triggers: { value } }));
    await workspace.write(body("a"));
    await workspace.apply();
    await workspace.write(body("b"));
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.counts()["PUT upload"]).toBeUndefined();
    await expectNothingToDo(workspace);
  });
});
