import { describe, expect, test } from "vitest";
import { fetchTree, treeOf } from "../support/images/index.ts";
import {
  block,
  expectNothingToDo,
  expression,
  knownAfterApply,
  nested,
  terraformProgram,
} from "../support/terraform/index.ts";
import { heldBy, tagsIn } from "./destinations.ts";
import { address, changedImages, imageOf, setRepositoryStage } from "./repositories.ts";
import { deleteManifest, digestOfTag, patient, pushTo } from "./stage.ts";

describe.skipIf(terraformProgram === undefined)("the tags of a repository", patient, () => {
  test("are copied under their names, and then there is nothing to do", async () => {
    const { workspace, want, pinned, reference, destination } = await setRepositoryStage(["1.0", "1.1", "edge"]);
    await want();
    const plan = await workspace.plan();
    expect(plan.after(address)).toMatchObject({ id: reference, images: knownAfterApply, highest: knownAfterApply });
    await workspace.apply(plan);
    const images = { "1.0": imageOf("1.0"), "1.1": imageOf("1.1"), edge: imageOf("edge") };
    expect((await workspace.state()).attributes(address)).toMatchObject({
      id: reference,
      images: pinned(images),
      highest: "1.1",
    });
    for (const [tag, image] of Object.entries(images)) {
      expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(image));
    }
    await expectNothingToDo(workspace);
  });

  test("are mirrored over the older protocol too", async () => {
    const { workspace, want, publish, destination } = await setRepositoryStage(["1.0"], { protocol: 5 });
    await want({ deletions: nested({ protect: ["x"] }), timeouts: nested({ create: "5m" }) });
    await workspace.apply();
    await expectNothingToDo(workspace);
    await publish("1.1");
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["1.0", "1.1"]);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });

  test("a new one at the source is that one addition, in place", async () => {
    const { workspace, want, publish, pinned, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    const added = await publish("1.2");
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ [address]: "update" });
    expect(changedImages(plan)).toEqual({ "1.2": [undefined, pinned({ "1.2": added })["1.2"]] });
    expect(plan.after(address)).toMatchObject({ highest: "1.2" });
    destination.resetCounts();
    await workspace.apply(plan);
    // Only its own layer and config: the base is there.
    expect(destination.counts()["PUT upload"]).toBe(2);
    expect(await fetchTree(destination, "mirror/app", "1.2")).toEqual(treeOf(added));
    await expectNothingToDo(workspace);
  });

  test("one that moves at the source moves in place, and what it held stays pullable", async () => {
    const { workspace, want, publish, pinned, destination } = await setRepositoryStage(["1.0", "edge"]);
    await want();
    await workspace.apply();
    const [before, after] = [imageOf("edge"), imageOf("edge", "second")];
    await publish("edge", after);
    const plan = await workspace.plan();
    expect(changedImages(plan)).toEqual({ edge: [pinned({ edge: before })["edge"], pinned({ edge: after })["edge"]] });
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "edge")).toEqual(treeOf(after));
    expect(await tagsIn(destination)).toEqual(["1.0", "edge", heldBy(before, "edge")]);
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });

  test("one that the source has removed is let go, and no later destroy removes it", async () => {
    const { workspace, want, pinned, source, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    await deleteManifest(source, "team/app", "1.1");
    const plan = await workspace.plan();
    expect(changedImages(plan)).toEqual({ "1.1": [pinned({ "1.1": imageOf("1.1") })["1.1"], undefined] });
    await workspace.apply(plan);
    expect(await tagsIn(destination)).toEqual(["1.0", "1.1"]);
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["1.1"]);
    expect(await fetchTree(destination, "mirror/app", "1.1")).toEqual(treeOf(imageOf("1.1")));
  });

  test("with deletions one that the source has removed goes, with what only it has held", async () => {
    const { workspace, want, source, destination } = await setRepositoryStage(["1.0", "1.1", "1.2"]);
    await want({ deletions: nested({ protect: ["1.2"] }) });
    await workspace.apply();
    await pushTo(destination, "mirror/app", "neighbour", imageOf("neighbour"));
    await deleteManifest(source, "team/app", "1.1");
    await deleteManifest(source, "team/app", "1.2");
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["1.0", "1.2", "neighbour"]);
    expect(await digestOfTag(destination, "mirror/app", imageOf("1.1").digest)).toBeUndefined();
    for (const tag of ["1.0", "1.2", "neighbour"]) {
      expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(imageOf(tag)));
    }
    await expectNothingToDo(workspace);
  });

  test("more removals than the guard allows are refused at plan, and nothing is removed", async () => {
    const { workspace, want, source, destination } = await setRepositoryStage(["1.0", "1.1", "1.2", "1.3"]);
    await want({ deletions: nested({ max_share: 0.25 }) });
    await workspace.apply();
    for (const tag of ["1.1", "1.2"]) await deleteManifest(source, "team/app", tag);
    expect((await workspace.planFails()).text).toMatch(/Refused to delete 2 of the destination's 4 tags/);
    await want({ deletions: nested({ max_share: 0.5 }) });
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["1.0", "1.3"]);
    await expectNothingToDo(workspace);
  });

  test("more removals than the guard allows are refused at apply where only that knows them, with nothing written", async () => {
    const { workspace, want, publish, destination } = await setRepositoryStage(["1.0", "1.1", "1.2", "2.0"]);
    await want({ deletions: nested({}) });
    await workspace.apply();
    await publish("2.1");
    await want({ deletions: nested({}), include: ["2.*"] });
    destination.resetCounts();
    expect((await workspace.applyFails()).text).toMatch(/Refused to delete 3 of the destination's 5 tags/);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    await want({ deletions: nested({ max_share: 0.6 }), include: ["2.*"] });
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["2.0", "2.1"]);
    await expectNothingToDo(workspace);
  });

  test("a source that has none of them any more changes nothing, unless that is allowed", async () => {
    const { workspace, want, source, destination } = await setRepositoryStage(["1.0", "1.1", "other"]);
    await want({ mode: "semver", deletions: nested({ max_share: 1 }) });
    await workspace.apply();
    for (const tag of ["1.0", "1.1"]) await deleteManifest(source, "team/app", tag);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({});
    expect(plan.text).toMatch(/none of its tags is selected/);
    await want({ mode: "semver", deletions: nested({ max_share: 1, allow_empty_source: true }) });
    await workspace.plan();
    await workspace.apply();
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual([]);
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: {}, highest: null });
    await expectNothingToDo(workspace);
  });

  test("a destroy leaves what others have in the same repository, and what they have put at our tags", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    const theirs = imageOf("theirs");
    await pushTo(destination, "mirror/app", "neighbour", imageOf("1.0"));
    await pushTo(destination, "mirror/app", "1.1", theirs);
    const { text } = await workspace.destroy();
    expect(text).toContain("1.1");
    expect(await tagsIn(destination)).toEqual(["1.1", "neighbour"]);
    expect(await fetchTree(destination, "mirror/app", "neighbour")).toEqual(treeOf(imageOf("1.0")));
    expect(await fetchTree(destination, "mirror/app", "1.1")).toEqual(treeOf(theirs));
  });

  test("move to another destination by a replacement, and to another source in place", async () => {
    const stage = await setRepositoryStage(["1.0", "1.1"]);
    const { workspace, want, source, destination, reference, origin } = stage;
    await want();
    await workspace.apply();
    await want({ destination: `${reference}2` });
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ [address]: "replace" });
    await workspace.apply(plan);
    expect(await tagsIn(destination)).toEqual([]);
    expect(await fetchTree(destination, "mirror/app2", "1.1")).toEqual(treeOf(imageOf("1.1")));
    await expectNothingToDo(workspace);

    for (const tag of ["1.0", "1.1"]) await pushTo(source, "team/renamed", tag, imageOf(tag));
    await want({ source: origin.replace("team/app", "team/renamed"), destination: `${reference}2` });
    const renamed = await workspace.plan();
    expect(renamed.actions).toEqual({ [address]: "update" });
    destination.resetCounts();
    await workspace.apply(renamed);
    expect(Object.keys(destination.counts()).filter((kind) => !/^(HEAD|GET) /.test(kind))).toEqual([]);
    await expectNothingToDo(workspace);
  });

  test("for each of several repositories", async () => {
    const { workspace, config, source, destination } = await setRepositoryStage();
    for (const name of ["a", "b"]) await pushTo(source, `team/${name}`, "1.0", imageOf(name));
    await workspace.write(
      config(
        block('resource "imagesync_repository" "x"', {
          for_each: expression('toset(["a", "b"])'),
          source: expression(`"${source.host}/team/\${each.key}"`),
          destination: expression(`"${destination.host}/mirror/\${each.key}"`),
        }),
      ),
    );
    await workspace.apply();
    for (const name of ["a", "b"]) {
      expect(await fetchTree(destination, `mirror/${name}`, "1.0")).toEqual(treeOf(imageOf(name)));
    }
    await expectNothingToDo(workspace);
  });
});
