import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { type Body, expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { address, changedImages, imageOf, type RepositoryStage, setRepositoryStage } from "./repositories.ts";
import { deleteManifest, digestOfTag, patient, pushTo } from "./stage.ts";

const published = ["1.0.0", "1.1.0", "1.2.0-rc1", "1.1.0-alpine", "2.0.0", "edge"];

async function tagsOf({ workspace }: RepositoryStage): Promise<{ tags: string[]; highest: unknown }> {
  const { images, highest } = (await workspace.state()).attributes(address);
  return { tags: Object.keys(images as object).toSorted(), highest };
}

describe.skipIf(terraformProgram === undefined)("which tags are wanted", patient, () => {
  test.each<[string, Body, string[], string | null]>([
    ["every one by default", {}, [...published], "2.0.0"],
    ["every version", { mode: "semver" }, ["1.0.0", "1.1.0", "2.0.0"], "2.0.0"],
    ["the highest", { mode: "highest" }, ["2.0.0"], "2.0.0"],
    ["of one major", { mode: "semver", pinned_major: 1 }, ["1.0.0", "1.1.0"], "1.1.0"],
    ["with prereleases", { mode: "highest", pinned_major: 1, allow_prerelease: true }, ["1.2.0-rc1"], "1.2.0-rc1"],
    ["of one variant", { mode: "semver", compatibility: "alpine" }, ["1.1.0-alpine"], "1.1.0-alpine"],
    ["in a range", { mode: "semver", range: ">=1.1 <3" }, ["1.1.0", "2.0.0"], "2.0.0"],
    ["by globs", { include: ["1.*"], exclude: ["*-*"] }, ["1.0.0", "1.1.0"], "1.1.0"],
    ["by expressions", { include_regex: ["e.*"] }, ["edge"], null],
    ["the latest", { mode: "semver", keep_latest: 2 }, ["1.1.0", "2.0.0"], "2.0.0"],
    ["by name", { tags: ["edge", "1.0.0"] }, ["1.0.0", "edge"], "1.0.0"],
  ])("%s", async (_name, selection, tags, highest) => {
    const stage = await setRepositoryStage(published);
    await stage.want(selection);
    await stage.workspace.apply();
    expect(await tagsOf(stage)).toEqual({ tags: tags.toSorted(), highest });
    expect(await tagsIn(stage.destination)).toEqual(tags.toSorted());
    await expectNothingToDo(stage.workspace);
  });

  test("highest moves on: there is always one, and the earlier goes only with deletions", async () => {
    const stage = await setRepositoryStage(["1.0.0"]);
    const { workspace, want, publish, destination } = stage;
    await want({ mode: "highest" });
    await workspace.apply();
    await publish("1.1.0");
    expect(Object.keys(changedImages(await workspace.plan())).toSorted()).toEqual(["1.0.0", "1.1.0"]);
    await workspace.apply();
    expect(await tagsOf(stage)).toEqual({ tags: ["1.1.0"], highest: "1.1.0" });
    expect(await tagsIn(destination)).toEqual(["1.0.0", "1.1.0"]);
    await want({ mode: "highest", deletions: nested({}) });
    await workspace.apply();
    await publish("1.2.0");
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["1.0.0", "1.2.0"]);
    await expectNothingToDo(workspace);
  });

  test("higher takes what is above the destination's highest, and keeps what it has taken", async () => {
    const stage = await setRepositoryStage(["1.0.0", "1.1.0", "1.2.0"]);
    const { workspace, want, publish, source, destination, pinned } = stage;
    await pushTo(destination, "mirror/app", "1.0.0", imageOf("1.0.0"));
    await want({ mode: "higher" });
    await workspace.apply();
    expect(await tagsOf(stage)).toEqual({ tags: ["1.1.0", "1.2.0"], highest: "1.2.0" });
    await expectNothingToDo(workspace);

    // A backport is not above, a tag of ours that moves is followed, the next version is taken.
    await publish("1.1.5");
    const moved = await publish("1.1.0", imageOf("1.1.0", "moved"));
    const added = await publish("1.3.0");
    expect(changedImages(await workspace.plan())).toEqual({
      "1.1.0": [pinned({ x: imageOf("1.1.0") })["x"], pinned({ x: moved })["x"]],
      "1.3.0": [undefined, pinned({ x: added })["x"]],
    });
    await workspace.apply();
    await expectNothingToDo(workspace);
    // What somebody removes at the destination comes back; what the source removes leaves.
    await deleteManifest(destination, "mirror/app", "1.3.0");
    await deleteManifest(source, "team/app", "1.2.0");
    await workspace.apply();
    expect(await tagsOf(stage)).toEqual({ tags: ["1.1.0", "1.3.0"], highest: "1.3.0" });
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect((await tagsIn(destination)).filter((tag) => !tag.startsWith("imagesync-"))).toEqual(["1.0.0", "1.2.0"]);
  });

  test.each([
    ["none", []],
    ["highest", ["1.1.0"]],
    ["all", ["1.0.0", "1.1.0"]],
  ])("higher begins in an empty destination with %s", async (choice, tags) => {
    const stage = await setRepositoryStage(["1.0.0", "1.1.0"]);
    await stage.want({ mode: "higher", higher_on_empty: choice });
    await stage.workspace.apply();
    expect((await tagsOf(stage)).tags).toEqual(tags);
    await expectNothingToDo(stage.workspace);
  });

  test("a tag that is asked for by name and missing fails, and the others are there", async () => {
    const stage = await setRepositoryStage(["1.0.0"]);
    await stage.want({ tags: ["1.0.0", "9.9.9"] });
    expect((await stage.workspace.applyFails()).text).toMatch(/1 of 1 images not mirrored|9\.9\.9: /);
    expect(await tagsOf(stage)).toMatchObject({ tags: ["1.0.0"] });
    await stage.publish("9.9.9");
    await stage.workspace.apply();
    expect(await tagsOf(stage)).toMatchObject({ tags: ["1.0.0", "9.9.9"] });
    await expectNothingToDo(stage.workspace);
  });

  test("replace_tag = false leaves what is there, ours or not", async () => {
    const stage = await setRepositoryStage(["1.0.0", "edge"]);
    const { workspace, want, publish, destination, pinned } = stage;
    const theirs = imageOf("theirs");
    await pushTo(destination, "mirror/app", "1.0.0", theirs);
    await want({ replace_tag: false });
    await workspace.apply();
    const images = { "1.0.0": theirs, edge: imageOf("edge") };
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images) });
    await publish("edge", imageOf("edge", "moved"));
    await expectNothingToDo(workspace);
    await pushTo(destination, "mirror/app", "1.1.0", theirs);
    await publish("1.1.0");
    expect(changedImages(await workspace.plan())).toEqual({ "1.1.0": [undefined, pinned({ x: theirs })["x"]] });
    await workspace.apply();
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["1.0.0", "1.1.0"]);
  });

  test.each([
    ["overwrite", imageOf("1.0.0"), []],
    ["keep", imageOf("theirs"), ["1.0.0"]],
  ])("on_conflict = %s decides about what others have put there", async (policy, holds, left) => {
    const { workspace, want, destination, pinned } = await setRepositoryStage(["1.0.0", "1.1.0"]);
    await pushTo(destination, "mirror/app", "1.0.0", imageOf("theirs"));
    await want({ on_conflict: policy });
    await workspace.apply();
    const images = { "1.0.0": holds, "1.1.0": imageOf("1.1.0") };
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images) });
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(left);
  });

  test("on_conflict = fail names both digests, and the other images are there", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0.0", "1.1.0"]);
    const theirs = imageOf("theirs");
    await pushTo(destination, "mirror/app", "1.0.0", theirs);
    await want({ on_conflict: "fail" });
    const { text } = await workspace.applyFails();
    expect(text).toContain(theirs.digest);
    expect(text).toContain(imageOf("1.0.0").digest);
    expect(await digestOfTag(destination, "mirror/app", "1.0.0")).toBe(theirs.digest);
    expect(await digestOfTag(destination, "mirror/app", "1.1.0")).toBe(imageOf("1.1.0").digest);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["1.0.0"]);
  });

  test("on_conflict = fail is told at plan where a refresh has seen what will fail, and the other images come", async () => {
    const { workspace, want, publish, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want({ on_conflict: "fail" });
    await workspace.apply();
    const [moved, added] = [imageOf("moved by somebody"), imageOf("put by somebody")];
    await pushTo(destination, "mirror/app", "1.1", moved);
    await pushTo(destination, "mirror/app", "1.2", added);
    for (const tag of ["1.2", "1.3"]) await publish(tag);
    const plan = await workspace.plan();
    const warning = new RegExp(
      `Destination holds other images.*- 1\\.1: .*${moved.digest}.*- 1\\.2: .*${added.digest}`,
      "s",
    );
    expect(plan.text).toMatch(warning);
    expect((await workspace.applyFails(plan)).text).toMatch(/2 of 4 images not mirrored/);
    expect(await digestOfTag(destination, "mirror/app", "1.3")).toBe(imageOf("1.3").digest);
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBe(moved.digest);
    await deleteManifest(destination, "mirror/app", "1.1");
    await deleteManifest(destination, "mirror/app", "1.2");
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("only some platforms of each image", async () => {
    const stage = await setRepositoryStage();
    const { workspace, want, publish, destination } = stage;
    const index = buildPlatformIndex({ seed: "platforms", layers: [2000] });
    await publish("1.0.0", index);
    await want({ platforms: ["linux/amd64"], required_platforms: ["linux/arm64"] });
    await workspace.apply();
    await expectNothingToDo(workspace);
    const subset = await digestOfTag(destination, "mirror/app", "1.0.0");
    expect(subset).not.toBe(index.digest);
    await publish("1.1.0", buildPlatformIndex({ seed: "more platforms", layers: [1000] }));
    const plan = await workspace.plan();
    expect(Object.keys(changedImages(plan))).toEqual(["1.1.0"]);
    await workspace.apply(plan);
    await expectNothingToDo(workspace);
    await want({});
    await workspace.apply();
    expect(await fetchTree(destination, "mirror/app", "1.0.0")).toEqual(treeOf(index));
    await expectNothingToDo(workspace);
  });
});
