import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, expression, nested, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { address, changedImages, imageOf, type RepositoryStage, setRepositoryStage } from "./repositories.ts";
import { deleteManifest, digestOfTag, patient, pushTo } from "./stage.ts";

async function mirrored(tags: readonly string[] = ["1.0", "1.1"]): Promise<RepositoryStage> {
  const stage = await setRepositoryStage(tags);
  await stage.want();
  await stage.workspace.apply();
  return stage;
}

describe.skipIf(terraformProgram === undefined)("what others do to mirrored tags", patient, () => {
  test("a tag that is gone comes back without moving a byte, and one that has moved is put back", async () => {
    const { workspace, destination, pinned } = await mirrored(["1.0", "1.1", "1.2"]);
    const theirs = imageOf("theirs");
    await deleteManifest(destination, "mirror/app", "1.0");
    await pushTo(destination, "mirror/app", "1.1", theirs);
    const plan = await workspace.plan();
    expect(plan.drifted).toEqual([address]);
    expect(plan.actions).toEqual({ [address]: "update" });
    expect(changedImages(plan)).toEqual({
      "1.0": [undefined, pinned({ x: imageOf("1.0") })["x"]],
      "1.1": [pinned({ x: theirs })["x"], pinned({ x: imageOf("1.1") })["x"]],
    });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.counts()["PUT upload"]).toBeUndefined();
    for (const tag of ["1.0", "1.1", "1.2"]) {
      expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(imageOf(tag)));
    }
    await expectNothingToDo(workspace);
  });

  test("a set whose tags are all gone is still a set, and comes back", async () => {
    const { workspace, destination } = await mirrored();
    for (const tag of ["1.0", "1.1"]) await deleteManifest(destination, "mirror/app", imageOf(tag).digest);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ [address]: "update" });
    expect(Object.keys(changedImages(plan))).toEqual(["1.0", "1.1"]);
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "1.1")).toEqual(treeOf(imageOf("1.1")));
    await expectNothingToDo(workspace);
  });

  test("tags that others add are none of ours", async () => {
    const { workspace, destination } = await mirrored();
    await pushTo(destination, "mirror/app", "neighbour", imageOf("neighbour"));
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(["neighbour"]);
  });

  test("an image that lacks a platform comes back where the check looks so deep", async () => {
    const stage = await setRepositoryStage([], { destination: { allowSparseIndex: true } });
    const { workspace, want, publish, destination } = stage;
    const index = await publish("1.0", buildPlatformIndex({ seed: "deep", layers: [2000] }));
    await want({ integrity_check: "manifests" });
    await workspace.apply();
    await expectNothingToDo(workspace);
    await deleteManifest(destination, "mirror/app", index.children[1]?.digest ?? "");
    const plan = await workspace.plan();
    expect(Object.keys(changedImages(plan))).toEqual(["1.0"]);
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(index));
    await expectNothingToDo(workspace);
  });

  test.each([401, 403, 429, 500])("an answer %i says of no tag that it is gone: the state is kept", async (status) => {
    const { workspace, destination, pinned } = await mirrored();
    destination.intercept = ({ kind, reference }) =>
      kind === "manifest" && reference === "1.1" ? { respond: { status, headers: { "Retry-After": "0" } } } : undefined;
    await workspace.planFails();
    destination.intercept = undefined;
    const images = { "1.0": imageOf("1.0"), "1.1": imageOf("1.1") };
    expect((await workspace.state()).attributes(address)).toMatchObject({ images: pinned(images) });
    await expectNothingToDo(workspace);
  });

  test("a trigger that changes looks at every image, and mends what no refresh looks for", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want({ triggers: { run: "1" } });
    await workspace.apply();
    await want({ triggers: { run: "2" } });
    destination.resetCounts();
    await workspace.apply();
    expect(Object.keys(destination.counts()).filter((kind) => !/^(HEAD|GET) /.test(kind))).toEqual([]);
    await expectNothingToDo(workspace);
  });
});

describe.skipIf(terraformProgram === undefined)("a source that cannot be asked", patient, () => {
  const refused = () => ({ respond: { status: 403 } });

  test("changes nothing, with a warning, and what others have removed is still planned to come back", async () => {
    const { workspace, source, destination } = await mirrored();
    source.intercept = refused;
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({});
    expect(plan.text).toMatch(/Source unavailable, mirror kept/);
    await workspace.apply();
    await deleteManifest(destination, "mirror/app", "1.1");
    expect(Object.keys(changedImages(await workspace.plan()))).toEqual(["1.1"]);
    source.intercept = undefined;
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("that is down: nothing changes, nothing new is planned that cannot be brought, and destroys work", async () => {
    const { workspace, publish, source, destination } = await mirrored();
    await publish("1.2");
    await workspace.apply(undefined, ["-refresh-only"]);
    await source.close();
    expect((await workspace.plan()).actions).toEqual({});
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });

  test('is an error with on_source_unavailable = "fail", and at a create', async () => {
    const { workspace, want, source } = await setRepositoryStage(["1.0"]);
    await want({ on_source_unavailable: "fail" });
    source.intercept = refused;
    expect((await workspace.applyFails()).text).toMatch(/Access denied|Not logged in/);
    expect((await workspace.state()).addresses).toEqual([]);
    source.intercept = undefined;
    await workspace.apply();
    source.intercept = refused;
    expect((await workspace.planFails()).text).toMatch(/Source unavailable/);
    source.intercept = undefined;
    await expectNothingToDo(workspace);
  });

  test("for one tag alone: that one stays, a new one is left out, the others are followed", async () => {
    const { workspace, publish, source, pinned } = await mirrored(["1.0", "edge"]);
    await publish("edge", imageOf("edge", "moved"));
    const [, added] = [await publish("1.1"), await publish("1.2")];
    source.intercept = ({ kind, reference }) =>
      kind === "manifest" && (reference === "edge" || reference === "1.1") ? { respond: { status: 403 } } : undefined;
    const plan = await workspace.plan();
    expect(changedImages(plan)).toEqual({ "1.2": [undefined, pinned({ x: added })["x"]] });
    expect(plan.text).toMatch(/- 1\.1: .*- edge: /s);
    source.intercept = undefined;
    expect(Object.keys(changedImages(await workspace.plan())).toSorted()).toEqual(["1.1", "1.2", "edge"]);
  });

  test("does not keep its owner from writing another one, or other tags", async () => {
    const { workspace, want, source, origin } = await setRepositoryStage(["1.0", "1.1"]);
    const fail = { on_source_unavailable: "fail" };
    await want({ ...fail, tags: ["1.0", "1.1"] });
    await workspace.apply();
    await deleteManifest(source, "team/app", "1.1");
    expect((await workspace.planFails()).text).toMatch(/Source unavailable/);
    await want({ ...fail, tags: ["1.0"] });
    await workspace.apply();
    await expectNothingToDo(workspace);
    await pushTo(source, "elsewhere/app", "1.0", imageOf("1.0"));
    source.intercept = ({ path }) => (path.includes("/team/app/") ? refused() : undefined);
    expect((await workspace.planFails()).text).toMatch(/Source unavailable/);
    await want({ ...fail, source: origin.replace("team/app", "elsewhere/app"), tags: ["1.0"] });
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test.each(["keep", "fail"])(
    "or has nothing left is followed by one apply once that is allowed: on_source_unavailable = %s",
    async (on_source_unavailable) => {
      const { workspace, want, source, destination } = await setRepositoryStage(["1.0"]);
      await want({ on_source_unavailable, deletions: nested({ max_share: 1 }) });
      await workspace.apply();
      await deleteManifest(source, "team/app", "1.0");
      await want({ on_source_unavailable, deletions: nested({ max_share: 1, allow_empty_source: true }) });
      const plan = await workspace.plan();
      expect(plan.after(address)).toMatchObject({ images: {}, highest: null });
      await workspace.apply(plan);
      expect(await tagsIn(destination)).toEqual([]);
      await expectNothingToDo(workspace);
    },
  );

  test("a replacement is not planned, as it would begin by removing the mirror", async () => {
    const { workspace, want, source, reference } = await mirrored();
    source.intercept = refused;
    await want({ destination: `${reference}2` });
    expect((await workspace.planFails()).text).toMatch(/the old images would be removed/);
  });

  test.each(["-replace", "-replace without a refresh", "taint", "another destination and another source"])(
    "a replacement by %s is refused, and every image stays",
    async (order) => {
      const { workspace, want, origin, source, destination, reference } = await mirrored();
      const before = await tagsIn(destination);
      const args = order.startsWith("-replace") ? [`-replace=${address}`] : [];
      if (order === "taint") await workspace.must(["taint", address]);
      if (order.includes("destination")) await want({ source: `${origin}-typo`, destination: `${reference}2` });
      source.intercept = refused;
      if (order.includes("refresh")) {
        // The state remembers what the last refresh has been told.
        await workspace.apply(undefined, ["-refresh-only"]);
        args.push("-refresh=false");
      }
      expect((await workspace.applyFails(undefined, args)).text).toMatch(/the old images would be removed/);
      expect(await tagsIn(destination)).toEqual(before);
      source.intercept = undefined;
      if (order.includes("destination")) await want();
      await workspace.apply(undefined, order.includes("refresh") ? [`-replace=${address}`] : args);
      expect(await tagsIn(destination)).toEqual(before);
      await expectNothingToDo(workspace);
    },
  );

  test("a replacement brings another selection only where the source can be asked for that", async () => {
    const { workspace, want, source, destination } = await mirrored();
    const before = await tagsIn(destination);
    source.intercept = refused;
    await want({ include: ["1.*"] });
    const failed = await workspace.applyFails(undefined, [`-replace=${address}`, "-refresh=false"]);
    expect(failed.text).toMatch(/the old images would be removed/);
    expect(await tagsIn(destination)).toEqual(before);
  });
});

describe.skipIf(terraformProgram === undefined)("values that are not known before apply", patient, () => {
  const later = `resource "terraform_data" "x" {\n  input = "1.1"\n}\n`;

  test.each([
    [
      "source",
      ({ origin }: RepositoryStage) => expression(`"${origin}\${replace(terraform_data.x.output, "/.*/", "")}"`),
    ],
    [
      "destination",
      ({ reference }: RepositoryStage) => expression(`"${reference}\${replace(terraform_data.x.output, "/.*/", "")}"`),
    ],
    ["tags", () => expression("[terraform_data.x.output]")],
    ["include", () => expression('["1.0", terraform_data.x.output]')],
    ["range", () => expression('">=${terraform_data.x.output}"')],
    ["deletions", () => nested({ protect: expression("[terraform_data.x.output]") })],
    ["triggers", () => ({ x: expression("terraform_data.x.output") })],
    ["replace_tag", () => expression('terraform_data.x.output == "1.1"')],
    ["keep_latest", () => expression("length(terraform_data.x.output)")],
    ["platforms", () => expression('["linux/${terraform_data.x.output == "1.1" ? "amd64" : "arm64"}"]')],
  ])("%s: one apply brings all, and then there is nothing to do", async (name, value) => {
    const stage = await setRepositoryStage([]);
    const { workspace, want, publish } = stage;
    for (const tag of ["1.0", "1.1"]) await publish(tag, buildPlatformIndex({ seed: tag, layers: [500] }));
    await want({ [name]: value(stage) }, later);
    const plan = await workspace.plan();
    await workspace.apply(plan);
    const { images } = (await workspace.state()).attributes(address);
    expect(Object.keys(images as object)).toContain("1.1");
    await expectNothingToDo(workspace);
  });

  test("a set of names that turns out to be empty fails, and selects nothing else", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0"]);
    await want({ tags: expression('terraform_data.x.output == "1.1" ? [] : ["1.0"]') }, later);
    expect((await workspace.applyFails()).text).toMatch(/Invalid tags/);
    expect(await tagsIn(destination)).toEqual([]);
  });

  test("the image of a tag is the source of a mirror, and of an output, in one apply", async () => {
    const { workspace, want, destination, pinned } = await setRepositoryStage(["1.0", "1.1"]);
    const second = `resource "imagesync" "second" {
  source      = ${address}.images["1.1"]
  destination = "${destination.host}/second:1.1"
}
output "highest" {
  value = ${address}.images[${address}.highest]
}
`;
    await want({}, second);
    await workspace.apply();
    expect(await digestOfTag(destination, "second", "1.1")).toBe(imageOf("1.1").digest);
    expect((await workspace.state()).output("highest")).toBe(pinned({ x: imageOf("1.1") })["x"]);
    await expectNothingToDo(workspace);
  });
});
