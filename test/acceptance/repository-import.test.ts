import { describe, expect, test } from "vitest";
import { expectNothingToDo, knownAfterApply, live, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { address, imageOf, repository, setRepositoryStage, type RepositoryStage } from "./repositories.ts";
import { digestOfTag, patient, pushTo } from "./stage.ts";

/** Tags that another tool has mirrored, beside one of somebody else. */
async function present(): Promise<RepositoryStage> {
  const stage = await setRepositoryStage(["1.0", "1.1"]);
  for (const tag of ["1.0", "1.1", "neighbour"]) await pushTo(stage.destination, "mirror/app", tag, imageOf(tag));
  await stage.want();
  return stage;
}

describe.skipIf(terraformProgram === undefined)("the import of tags that are there", patient, () => {
  test("by destination and source needs no change, and a destroy removes these and no others", async () => {
    const { workspace, reference, origin, destination, pinned } = await present();
    destination.resetCounts();
    await workspace.must(["import", "-no-color", address, `${reference},${origin}`]);
    await expectNothingToDo(workspace);
    expect((await workspace.state()).attributes(address)).toMatchObject({
      id: reference,
      images: pinned({ "1.0": imageOf("1.0"), "1.1": imageOf("1.1") }),
      highest: "1.1",
    });
    expect(destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["neighbour"]);
  });

  test("by destination alone adopts the source by one update that copies nothing", async () => {
    const { workspace, reference, destination, pinned } = await present();
    await workspace.must(["import", "-no-color", address, reference]);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ [address]: "update" });
    expect(plan.after(address)).toMatchObject({ images: knownAfterApply });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
    expect((await workspace.state()).attributes(address)).toMatchObject({
      images: pinned({ "1.0": imageOf("1.0"), "1.1": imageOf("1.1") }),
    });
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["neighbour"]);
  });

  test("what differs from the source is shown as it is and put right by the next apply", async () => {
    const { workspace, reference, origin, destination } = await present();
    await pushTo(destination, "mirror/app", "1.1", imageOf("theirs"));
    await workspace.must(["import", "-no-color", address, `${reference},${origin}`]);
    expect((await workspace.plan()).actions).toEqual({ [address]: "update" });
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBe(imageOf("1.1").digest);
    await expectNothingToDo(workspace);
  });

  test("of what was imported and differs nothing is destroyed", async () => {
    const { workspace, reference, origin, destination } = await present();
    await pushTo(destination, "mirror/app", "1.1", imageOf("theirs"));
    await workspace.must(["import", "-no-color", address, `${reference},${origin}`]);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["1.1", "neighbour"]);
  });

  test("of a repository that is not there fails", async () => {
    const { workspace, reference, origin } = await present();
    for (const id of [`${reference}-none`, `${reference}-none,${origin}`]) {
      const failed = await workspace.fails(["import", "-no-color", address, id]);
      expect(failed.text).toMatch(/Cannot import non-existent remote object/);
    }
  });

  test.each([
    ["a tag", "registry.example/app:1"],
    ["a digest", `registry.example/app@sha256:${"0".repeat(64)}`],
    ["nothing", ""],
    ["a bad source", "registry.example/app,NO SPACES"],
    ["three names", "registry.example/app,a.example/b,c.example/d"],
  ])("of an id with %s fails and says why", async (_name, id) => {
    const { workspace } = await present();
    const failed = await workspace.fails(["import", "-no-color", address, id]);
    expect(failed.text).toMatch(/Invalid image reference|import ID|empty/i);
    expect((await workspace.state()).addresses).toEqual([]);
  });

  test("what was created, imported again by a command, is the same", async () => {
    const { workspace, config, reference, origin, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await live(workspace, {
      steps: [
        { apply: config(repository({ source: origin, destination: reference })) },
        { import: address, id: `${reference},${origin}`, form: "command" },
        { import: address, id: `${reference},${origin}`, form: "block" },
      ],
      checkDestroy: async () => expect(await tagsIn(destination)).toEqual([]),
    });
  });
});
