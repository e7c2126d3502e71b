import { deepStrictEqual } from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import { expectNothingToDo, live, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildImage({ seed: "import", layers: [2000] });

interface Present extends Stage {
  readonly main: string;
  readonly reference: string;
  readonly origin: string;
}

/** An image that is at its destination, as another tool has put it there. */
async function present(): Promise<Present> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  await pushTo(stage.destination, "mirror/app", "1.0", image);
  const reference = `${stage.destination.host}/mirror/app`;
  const origin = `${stage.source.host}/team/app:1.0`;
  const main = stage.config(mirror({ source: origin, destination: `${reference}:1.0` }));
  await stage.workspace.write(main);
  return { ...stage, main, reference, origin };
}

function importBlock(id: string): string {
  return `import {\n  to = imagesync.x\n  id = "${id}"\n}\n`;
}

/** Imports by the way that is asked for; a block must change nothing. */
async function bringIn(stage: Present, form: "command" | "block", id: string): Promise<void> {
  const { workspace, main } = stage;
  if (form === "command") {
    await workspace.must(["import", "-no-color", "imagesync.x", id]);
    return;
  }
  await workspace.write(`${main}\n${importBlock(id)}`);
  const plan = await workspace.plan();
  deepStrictEqual(plan.actions, {}, plan.text);
  deepStrictEqual(plan.change("imagesync.x").importing, { id }, plan.text);
  await workspace.apply(plan);
  await workspace.write(main);
}

describe.skipIf(terraformProgram === undefined)("the import of an image that is there", patient, () => {
  test.each(["command", "block"] as const)("by destination and source needs no change, by %s", async (form) => {
    const stage = await present();
    const { workspace, reference, origin, destination } = stage;
    destination.resetCounts();
    await bringIn(stage, form, `${reference}:1.0,${origin}`);
    await expectNothingToDo(workspace);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${reference}@${image.digest}`,
      source: origin,
      source_digest: image.digest,
      media_type: image.mediaType,
      complete: true,
    });
    expect(destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
  });

  test.each(["command", "block"] as const)(
    "by destination alone adopts the source by one update, by %s",
    async (form) => {
      const { workspace, main, reference, origin, destination } = await present();
      if (form === "command") {
        await workspace.must(["import", "-no-color", "imagesync.x", `${reference}:1.0`]);
      } else {
        await workspace.write(`${main}\n${importBlock(`${reference}:1.0`)}`);
      }
      const plan = await workspace.plan();
      expect(plan.actions).toEqual({ "imagesync.x": "update" });
      expect(plan.before("imagesync.x")["source"]).toBeNull();
      expect(plan.after("imagesync.x")).toMatchObject({ source: origin, id: `${reference}@${image.digest}` });
      destination.resetCounts();
      await workspace.apply(plan);
      expect(Object.keys(destination.counts()).filter((kind) => kind.startsWith("PUT"))).toEqual([]);
      await workspace.write(main);
      await expectNothingToDo(workspace);
    },
  );

  test("an import block without a configuration writes one that needs at most the source", async () => {
    const { workspace, config, reference, origin } = await present();
    await workspace.write(`${config()}\n${importBlock(`${reference}:1.0,${origin}`)}`);
    const generated = await workspace.must([
      "plan",
      "-no-color",
      `-generate-config-out=${workspace.path("generated.tf")}`,
    ]);
    expect(generated.text).toMatch(/1 to import, 0 to add, 0 to change, 0 to destroy/);
  });

  test.each([
    [
      "an image that is not there",
      (host: string) => `${host}/mirror/none:1.0`,
      /Cannot import non-existent remote object/,
    ],
    ["an id that is no reference", () => "no spaces here", /Invalid image reference/],
    ["a source that is no reference", (host: string) => `${host}/mirror/app:1.0,:::`, /Invalid image reference/],
    ["an empty id", () => ",", /Invalid image reference/],
  ])("%s is refused with words that help", async (_name, id, words) => {
    const { workspace, destination } = await present();
    const failed = await workspace.fails(["import", "-no-color", "imagesync.x", id(destination.host)]);
    expect(failed.text).toMatch(words);
    expect((await workspace.state()).addresses).toEqual([]);
  });

  test("of an image at a foreign digest plans to bring the source's", async () => {
    const { workspace, reference, origin, destination } = await present();
    const foreign = buildImage({ seed: "foreign", layers: [1000] });
    await pushTo(destination, "mirror/app", "1.0", foreign);
    await workspace.must(["import", "-no-color", "imagesync.x", `${reference}:1.0,${origin}`]);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ id: `${reference}@${foreign.digest}` });
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${image.digest}` });
    await workspace.apply(plan);
    await expectNothingToDo(workspace);
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
  });

  test("is undone by a destroy like a created one", async () => {
    const { workspace, main, reference, origin, destination } = await present();
    await live(workspace, {
      steps: [
        { apply: `${main}\n${importBlock(`${reference}:1.0,${origin}`)}` },
        { import: "imagesync.x", id: `${reference}:1.0,${origin}`, form: "command" },
      ],
      checkDestroy: async () => expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined(),
    });
  });
});
