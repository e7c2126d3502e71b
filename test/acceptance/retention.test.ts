import { describe, expect, test } from "vitest";
import { buildPlatformIndex, type TestManifest } from "../support/images/index.ts";
import { type Body, expectNothingToDo } from "../support/terraform/index.ts";
import {
  destinations,
  expectTags,
  heldBy,
  isProgramMissing,
  openDockerRegistry,
  remainsOf,
  type Scene,
  setScene,
} from "./destinations.ts";
import { mirror, openRegistry, patient, pushTo } from "./stage.ts";

const version = (seed: string): TestManifest =>
  buildPlatformIndex({ seed: `retention, ${seed}`, layers: [900], shared: 1500 });
const [first, second, third] = [version("first"), version("second"), version("third")];

async function configure({ workspace, config, origin, reference }: Scene, attributes: Body): Promise<void> {
  await workspace.write(config(mirror({ source: `${origin}:1`, destination: `${reference}:live`, ...attributes })));
}

/** Mirrors these images in turn, as the source's tag moves. */
async function live(scene: Scene, images: readonly TestManifest[], attributes: Body = {}): Promise<void> {
  await configure(scene, attributes);
  for (const image of images) {
    await pushTo(scene.source, "team/app", "1", image);
    await scene.workspace.apply();
  }
}

describe.skipIf(isProgramMissing).each(destinations)("earlier digests at %s", patient, (_name, open) => {
  test.each([
    [0, []],
    [1, [second]],
    [2, [second, first]],
  ])("keep_previous = %s: as many stay, a destroy leaves none", async (count, held) => {
    const scene = await setScene(open);
    const { workspace, destination } = scene;
    await live(scene, [first, second, third], { keep_previous: count });
    const model = Object.fromEntries(held.map((image) => [heldBy(image, "live"), image]));
    await expectTags(destination, { live: third, ...model });
    const gone = [first, second].filter((image) => !held.includes(image));
    expect(await remainsOf(destination, gone, [third, ...held])).toEqual([]);
    await expectNothingToDo(workspace);
    const destroyed = await workspace.destroy();
    expect(destroyed.text).not.toMatch(/Warning/);
    await expectTags(destination, {});
    expect(await remainsOf(destination, [first, second, third])).toEqual([]);
  });

  test.each([
    ["untag", true],
    ["retain", true],
    ["delete", false],
  ])("deletion_policy = %s decides what an update and a destroy remove", async (policy, contentStays) => {
    const scene = await setScene(open);
    const { workspace, destination } = scene;
    await live(scene, [first, second, third], { deletion_policy: policy });
    const retained = { [heldBy(first, "live")]: first };
    const kept = { live: third, [heldBy(second, "live")]: second };
    await expectTags(destination, policy === "retain" ? { ...kept, ...retained } : kept);
    const destroyed = await workspace.destroy();
    expect(destroyed.text).not.toMatch(/Warning/);
    await expectTags(destination, policy === "retain" ? { ...kept, ...retained } : {});
    expect((await remainsOf(destination, [first, second, third])).length > 0).toBe(contentStays);
  });

  test("keep_digests outlives updates and the destroy, and a rollback needs no upload", async () => {
    const scene = await setScene(open);
    const { workspace, destination, source } = scene;
    await live(scene, [first, second, third], { keep_digests: [first.digest] });
    const kept = { [heldBy(first, "live")]: first };
    await expectTags(destination, { live: third, [heldBy(second, "live")]: second, ...kept });
    await pushTo(source, "team/app", "1", second);
    source.resetCounts();
    await workspace.apply();
    expect(source.counts()["GET blob"]).toBeUndefined();
    await expectTags(destination, { live: second, [heldBy(third, "live")]: third, ...kept });
    const destroyed = await workspace.destroy();
    expect(destroyed.text).not.toMatch(/Warning/);
    await expectTags(destination, kept);
    expect(await remainsOf(destination, [second, third], [first])).toEqual([]);
  });

  test("an image that another tag shares stays whole, and one warning names that tag", async () => {
    const scene = await setScene(open);
    await live(scene, [first, second]);
    await pushTo(scene.destination, "mirror/app", "stable", second);
    const destroyed = await scene.workspace.destroy();
    expect(destroyed.text.match(/Warning: /g)).toEqual(["Warning: "]);
    expect(destroyed.text).toContain(`Warning: Content kept`);
    expect(destroyed.text).toContain(`${scene.reference}:live is removed. Of its content something stays:`);
    expect(destroyed.text).toContain(`- kept ${second.digest}: tag stable`);
    await expectTags(scene.destination, { stable: second });
    expect(await remainsOf(scene.destination, [first], [second])).toEqual([]);
  });
});

describe.skipIf(isProgramMissing)("a registry whose deletes are switched off", patient, () => {
  test('takes every update, with one warning that names what is left; deletion_policy = "retain" ends it', async () => {
    const scene = await setScene(() => openDockerRegistry({ deleteEnabled: false }));
    const { workspace, source, destination, reference } = scene;
    await live(scene, [first, second]);
    await pushTo(source, "team/app", "1", third);
    const { text } = await workspace.apply();
    expect(text.match(/Warning: /g)).toEqual(["Warning: "]);
    expect(text).toContain("Warning: Earlier images are not collected yet");
    expect(text).toContain(`${reference}:live is updated.`);
    expect(text).toContain(`- skipped tag ${heldBy(first, "live")}: Cannot delete tag`);
    expect(text).toContain(`set deletion_policy = "retain"`);
    const all = { live: third, [heldBy(first, "live")]: first, [heldBy(second, "live")]: second };
    await expectTags(destination, all);
    await expectNothingToDo(workspace);
    await configure(scene, { deletion_policy: "retain" });
    expect((await workspace.apply()).text).not.toMatch(/Warning/);
    expect((await workspace.destroy()).text).not.toMatch(/Warning/);
    await expectTags(destination, all);
  });
});

describe.skipIf(isProgramMissing)("the provider block's deletion_policy", patient, () => {
  test("counts for resources that are removed in the apply that brings it", async () => {
    const scene = await setScene(openRegistry);
    await live(scene, [first]);
    const removed = scene.config().replace('provider "imagesync" {', '$&\n  deletion_policy = "retain"');
    expect(removed).toContain("retain");
    await scene.workspace.write(removed);
    await scene.workspace.apply();
    expect((await scene.workspace.state()).addresses).toEqual([]);
    await expectTags(scene.destination, { live: first });
  });

  test("shows no change at resources, whether it comes, changes or goes", async () => {
    const scene = await setScene(openRegistry);
    await live(scene, [first]);
    const { origin, reference, workspace, config } = scene;
    const main = config(mirror({ source: `${origin}:1`, destination: `${reference}:live` }));
    for (const policy of ["retain", "untag", "delete"]) {
      await workspace.write(main.replace('provider "imagesync" {', `$&\n  deletion_policy = "${policy}"`));
      await expectNothingToDo(workspace);
    }
    await workspace.write(main);
    await expectNothingToDo(workspace);
  });

  test("what a resource was told is in its state, and its removal from the configuration is an update in place", async () => {
    const scene = await setScene(openRegistry);
    await live(scene, [first], { deletion_policy: "untag", keep_previous: 3 });
    expect((await scene.workspace.state()).attributes("imagesync.x")).toMatchObject({
      deletion_policy: "untag",
      keep_previous: 3,
    });
    await configure(scene, {});
    const plan = await scene.workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    await scene.workspace.apply(plan);
    expect((await scene.workspace.state()).attributes("imagesync.x")).toMatchObject({
      deletion_policy: null,
      keep_previous: 1,
    });
    await expectNothingToDo(scene.workspace);
  });
});
