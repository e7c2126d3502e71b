import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { address, changedImages, imageOf, type RepositoryStage, setRepositoryStage } from "./repositories.ts";
import { deleteManifest, digestOfTag, patient, pushTo } from "./stage.ts";

describe.skipIf(terraformProgram === undefined)("a source that changes between plan and apply", patient, () => {
  test("does not disturb an update: it brings what the plan has shown, and the next plan shows the rest", async () => {
    const { workspace, want, publish, pinned, destination } = await setRepositoryStage(["1.0", "edge"]);
    await want();
    await workspace.apply();
    const shown = await publish("1.1");
    const plan = await workspace.plan();
    const [moved, later] = [imageOf("1.1", "moved"), imageOf("1.2")];
    await publish("1.1", moved);
    await publish("1.2", later);
    await publish("edge", imageOf("edge", "moved"));
    await workspace.apply(plan);
    const images = { "1.0": imageOf("1.0"), "1.1": shown, edge: imageOf("edge") };
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images), highest: "1.1" });
    expect(await fetchTree(destination, "mirror/app", "1.1")).toEqual(treeOf(shown));

    expect(Object.keys(changedImages(await workspace.plan())).toSorted()).toEqual(["1.1", "1.2", "edge"]);
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBe(moved.digest);
    expect(await digestOfTag(destination, "mirror/app", "1.2")).toBe(later.digest);
    await expectNothingToDo(workspace);
  });

  test("does not disturb a create: it brings what is there at apply", async () => {
    const { workspace, want, publish, pinned } = await setRepositoryStage(["1.0", "edge"]);
    await want();
    const plan = await workspace.plan();
    const [added, moved] = [await publish("1.1"), await publish("edge", imageOf("edge", "moved"))];
    await workspace.apply(plan);
    const images = { "1.0": imageOf("1.0"), "1.1": added, edge: moved };
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images) });
    await expectNothingToDo(workspace);
  });

  test("does not disturb a changed selection", async () => {
    const { workspace, want, publish, pinned } = await setRepositoryStage(["1.0", "2.0"]);
    await want({ include: ["1.*"] });
    await workspace.apply();
    await want({ include: ["2.*"] });
    const plan = await workspace.plan();
    const added = await publish("2.1");
    await workspace.apply(plan);
    expect((await workspace.state()).attributes(address)).toMatchObject({
      images: pinned({ "2.0": imageOf("2.0"), "2.1": added }),
      highest: "2.1",
    });
    await expectNothingToDo(workspace);
  });

  test("a planned image that is gone by its digest too fails alone, the state tells the others, and a plan what is left", async () => {
    const { workspace, want, publish, source, pinned } = await setRepositoryStage(["1.0"]);
    await want();
    await workspace.apply();
    const [lost, added] = [await publish("1.1"), await publish("1.2")];
    const plan = await workspace.plan();
    await deleteManifest(source, "team/app", lost.digest);
    const { text } = await workspace.applyFails(plan);
    expect(text).toMatch(/1 of 3 images not mirrored/);
    expect(text).toMatch(/- 1\.1: /);
    const state = await workspace.state();
    expect(state.tainted).toEqual([]);
    expect(state.attributes(address)).toMatchObject({
      images: pinned({ "1.0": imageOf("1.0"), "1.2": added }),
      highest: "1.2",
    });
    expect((await workspace.plan({ refresh: false })).actions).toEqual({ [address]: "update" });
    expect((await workspace.plan()).actions).toEqual({});
  });

  test("what somebody puts at a tag of ours after a destroy was planned stays", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    const plan = await workspace.plan({ args: ["-destroy"] });
    const theirs = imageOf("theirs");
    await pushTo(destination, "mirror/app", "1.1", theirs);
    const { text } = await workspace.apply(plan);
    expect(text).toContain("Content kept");
    expect(await tagsIn(destination)).toEqual(["1.1"]);
    expect(await fetchTree(destination, "mirror/app", "1.1")).toEqual(treeOf(theirs));
  });

  test("what somebody puts at a tag that is to be added stays where conflicts are to be kept, and is told", async () => {
    const { workspace, want, publish, destination, pinned } = await setRepositoryStage(["1.0"]);
    await want({ on_conflict: "keep" });
    await workspace.apply();
    await publish("1.1");
    await publish("1.2");
    const plan = await workspace.plan();
    const theirs = imageOf("theirs");
    await pushTo(destination, "mirror/app", "1.1", theirs);
    expect((await workspace.applyFails(plan)).text).toMatch(/1\.1: The tag holds sha256.*where the plan has shown/s);
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBe(theirs.digest);
    const images = { "1.0": imageOf("1.0"), "1.1": theirs, "1.2": imageOf("1.2") };
    await workspace.apply();
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images) });
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["1.1"]);
  });
});

describe.skipIf(terraformProgram === undefined)(
  "a memory that is lost, as when the provider is killed",
  patient,
  () => {
    /** Terraform keeps a state without what belongs to the provider alone. */
    async function forget({ workspace }: RepositoryStage): Promise<void> {
      const state = (await workspace.stateFile()) ?? "";
      await writeFile(workspace.path("terraform.tfstate"), state.replace(/"private": "[^"]*"/, '"private": ""'));
    }

    test("is made again: nothing changes, and a destroy takes all that is ours, earlier digests too", async () => {
      const stage = await setRepositoryStage(["1.0", "edge"]);
      const { workspace, want, publish, destination } = stage;
      await want();
      await workspace.apply();
      await publish("edge", imageOf("edge", "moved"));
      await workspace.apply();
      await pushTo(destination, "mirror/app", "neighbour", imageOf("neighbour"));
      await forget(stage);
      expect((await workspace.plan()).actions).toEqual({});
      await publish("edge", imageOf("edge", "moved again"));
      await workspace.apply();
      expect(await digestOfTag(destination, "mirror/app", imageOf("edge", "moved").digest)).toBeDefined();
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual(["neighbour"]);
    });

    test.each<[string, boolean]>([
      ["the versions above the destination's highest, of which there are none", true],
      ["the tags of a source that has none any more", false],
    ])("takes nothing that is mirrored for unwanted: %s", async (_name, isHigher) => {
      const stage = await setRepositoryStage(["1.0", "1.1"]);
      const { workspace, want, source, destination } = stage;
      await want({
        ...(isHigher ? { mode: "higher", higher_on_empty: "all" } : {}),
        deletions: nested({ max_share: 1 }),
      });
      await workspace.apply();
      if (!isHigher) for (const tag of ["1.0", "1.1"]) await deleteManifest(source, "team/app", tag);
      await forget(stage);
      expect((await workspace.plan()).actions).toEqual({});
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual([]);
    });

    test("makes nobody else's tag ours where such tags are left alone", async () => {
      const stage = await setRepositoryStage(["1.0", "1.1"]);
      const { workspace, want, destination } = stage;
      await pushTo(destination, "mirror/app", "1.0", imageOf("theirs"));
      await want({ on_conflict: "keep" });
      await workspace.apply();
      await forget(stage);
      expect((await workspace.plan()).actions).toEqual({});
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual(["1.0"]);
    });
  },
);

describe.skipIf(terraformProgram === undefined)("an apply of which part fails", patient, () => {
  test("when it creates: what is there stays, and the next apply brings only the rest", async () => {
    const { workspace, want, destination, pinned } = await setRepositoryStage(["1.0", "1.1", "1.2"]);
    await want({ keep_previous: 0, deletions: nested({}) });
    destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && reference === "1.1" ? { respond: { status: 403 } } : undefined;
    expect((await workspace.applyFails()).text).toMatch(/1 of 3 images not mirrored/);
    destination.intercept = undefined;
    const state = await workspace.state();
    expect(state.attributes(address)).toMatchObject({
      images: pinned({ "1.0": imageOf("1.0"), "1.2": imageOf("1.2") }),
    });
    destination.resetCounts();
    await workspace.apply();
    expect(destination.counts()["DELETE manifest"]).toBeUndefined();
    const put = destination.requests.filter(({ method }) => method === "PUT").map(({ path }) => path.split("/").at(-1));
    expect(put).toEqual(["1.1"]);
    expect((await workspace.state()).tainted).toEqual([]);
    expect((await workspace.state()).attributes(address)).toMatchObject({
      images: pinned({ "1.0": imageOf("1.0"), "1.1": imageOf("1.1"), "1.2": imageOf("1.2") }),
    });
    await expectNothingToDo(workspace);
  });

  test("a create of which part has failed is destroyed with all that it has brought", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && reference === "1.1" ? { respond: { status: 403 } } : undefined;
    await workspace.applyFails();
    destination.intercept = undefined;
    expect(await tagsIn(destination)).toEqual(["1.0"]);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });

  test("a create of which part has failed moves to another destination with all that it has brought", async () => {
    const { workspace, want, destination, reference } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    destination.intercept = ({ method, kind, reference: tag }) =>
      method === "PUT" && kind === "manifest" && tag === "1.1" ? { respond: { status: 403 } } : undefined;
    await workspace.applyFails();
    destination.intercept = undefined;
    await want({ destination: `${reference}2` });
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual([]);
    expect(await digestOfTag(destination, "mirror/app2", "1.1")).toBe(imageOf("1.1").digest);
    await expectNothingToDo(workspace);
  });

  test("when it updates: the state says what was done, and the next plan shows just the rest", async () => {
    const { workspace, want, publish, destination, pinned } = await setRepositoryStage(["1.0", "edge"]);
    await want();
    await workspace.apply();
    for (const tag of ["1.1", "1.2", "1.3"]) await publish(tag);
    await publish("edge", imageOf("edge", "moved"));
    destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && (reference === "1.2" || reference === "edge")
        ? { respond: { status: 403 } }
        : undefined;
    expect((await workspace.applyFails()).text).toMatch(/2 of 5 images not mirrored/);
    destination.intercept = undefined;
    const state = await workspace.state();
    expect(state.tainted).toEqual([]);
    expect(state.attributes(address)).toMatchObject({
      images: pinned({
        "1.0": imageOf("1.0"),
        "1.1": imageOf("1.1"),
        "1.3": imageOf("1.3"),
        edge: imageOf("edge"),
      }),
      highest: "1.3",
    });
    expect(Object.keys(changedImages(await workspace.plan())).toSorted()).toEqual(["1.2", "edge"]);
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("a removal that is refused is tried again by the next apply", async () => {
    const { workspace, want, source, destination } = await setRepositoryStage(["1.0", "1.1", "1.2"]);
    await want({ deletions: nested({}) });
    await workspace.apply();
    await deleteManifest(source, "team/app", "1.1");
    destination.intercept = ({ method }) => (method === "DELETE" ? { respond: { status: 403 } } : undefined);
    expect((await workspace.applyFails()).text).toMatch(/1\.1: /);
    destination.intercept = undefined;
    expect(await tagsIn(destination)).toEqual(["1.0", "1.1", "1.2"]);
    expect(Object.keys(changedImages(await workspace.plan()))).toEqual(["1.1"]);
    await workspace.apply();
    expect(await tagsIn(destination)).toEqual(["1.0", "1.2"]);
    await expectNothingToDo(workspace);
  });

  test("a destroy that is refused keeps what is left in the state, and the next one ends it", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    destination.intercept = ({ method, reference }) =>
      method === "DELETE" && reference === "1.1" ? { respond: { status: 403 } } : undefined;
    const { text } = await workspace.fails(["destroy", "-auto-approve", "-no-color"]);
    expect(text).toMatch(/1 of 2 tags not removed/);
    destination.intercept = undefined;
    expect((await workspace.state()).has(address)).toBe(true);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });

  test("of which everything fails is not told to have left others in place", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    destination.intercept = ({ method }) => (method === "PUT" ? { respond: { status: 403 } } : undefined);
    const { text } = await workspace.applyFails();
    expect(text).toMatch(/2 of 2 images not mirrored.*The next apply tries again\./);
    expect(text).not.toContain("The others");
    destination.intercept = undefined;
    await workspace.apply();
    destination.intercept = ({ method }) => (method === "DELETE" ? { respond: { status: 403 } } : undefined);
    const refused = await workspace.fails(["destroy", "-auto-approve", "-no-color"]);
    expect(refused.text).toMatch(/2 of 2 tags not removed.*Destroy again, once the cause is gone\./);
    expect(refused.text).not.toContain("The others");
  });

  test("a create that is stopped before it has heard of its last tags is destroyed with them, and with nobody else's", async () => {
    const { workspace, want, destination, publish } = await setRepositoryStage(["1.0", "1.1"]);
    const theirs = imageOf("theirs");
    await publish("2.0", theirs);
    await want({ exclude: ["2.*"] });
    await pushTo(destination, "mirror/app", "2.0", theirs);
    const put = new Set<string | undefined>();
    const isHeard = new Promise<void>((resolve) => {
      destination.intercept = ({ method, reference }) => {
        if (method === "PUT" && ["1.0", "1.1"].includes(reference ?? "")) put.add(reference);
        else if (put.has(reference)) {
          if (put.size === 2) resolve();
          return { until: new Promise(() => undefined) };
        }
        return undefined;
      };
    });
    await interruptApply(workspace, isHeard);
    destination.intercept = undefined;
    expect(await tagsIn(destination)).toEqual(["1.0", "1.1", "2.0"]);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["2.0"]);
  });

  test("an update that is stopped before it has heard that a tag has moved is destroyed with both images", async () => {
    const { workspace, want, destination, publish } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    await publish("1.1", imageOf("1.1", "moved"));
    let isPut = false;
    const isHeard = new Promise<void>((resolve) => {
      destination.intercept = ({ method, reference }) => {
        if (isPut && reference === "1.1") {
          resolve();
          return { until: new Promise(() => undefined) };
        }
        isPut ||= method === "PUT" && reference === "1.1";
        return undefined;
      };
    });
    await interruptApply(workspace, isHeard);
    destination.intercept = undefined;
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBe(imageOf("1.1", "moved").digest);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });
});

/** Stops an apply by Ctrl-C when the destination has heard of what it does and Terraform has not. */
async function interruptApply(workspace: RepositoryStage["workspace"], isHeard: Promise<void>): Promise<void> {
  const command = workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
  await isHeard;
  command.interrupt();
  expect((await command.done).code).toBe(1);
}
