import { describe, expect, test } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { buildImage, buildIndex, type TestManifest } from "../support/images/index.ts";
import { type Body, expectNothingToDo, expression, nested } from "../support/terraform/index.ts";
import {
  destinations,
  expectTags,
  heldBy,
  isProgramMissing,
  remainsOf,
  repository,
  type Scene,
  setScene,
} from "./destinations.ts";
import { mirror, openRegistry, patient, pushTo } from "./stage.ts";

/** All of them share a layer. */
const version = (seed: string): TestManifest =>
  buildIndex({
    children: [buildImage({ seed: `one tag, ${seed}`, layers: [{ seed: "one tag, base", size: 2500 }, 700] })],
  });
const [one, two, three, foreign] = [version("one"), version("two"), version("three"), version("foreign")];

const newFirst = { lifecycle: nested({ create_before_destroy: true }) };

/** Mirrors one and then two to the tag `live`. */
async function updated(open: () => Promise<{ readonly host: string }>, attributes: Body = {}): Promise<Scene> {
  const scene = await setScene(open);
  const { workspace, config, origin, reference, source } = scene;
  await workspace.write(config(mirror({ source: `${origin}:1`, destination: `${reference}:live`, ...attributes })));
  for (const image of [one, two]) {
    await pushTo(source, "team/app", "1", image);
    await workspace.apply();
  }
  return scene;
}

describe.skipIf(isProgramMissing).each(destinations)("who has a tag at %s", patient, (_name, open) => {
  test("create_before_destroy with equal digests: the image survives, and the earlier ones of the replaced object go", async () => {
    const { workspace, destination } = await updated(open, newFirst);
    const plan = await workspace.plan({ args: ["-replace=imagesync.x"] });
    expect(plan.actions).toEqual({ "imagesync.x": "replace-keep" });
    await workspace.apply(plan);
    await expectTags(destination, { live: two });
    expect(await remainsOf(destination, [one], [two])).toEqual([]);
    await expectNothingToDo(workspace);
    await workspace.destroy();
    await expectTags(destination, {});
    expect(await remainsOf(destination, [one, two])).toEqual([]);
  });

  test("create_before_destroy with different digests: the newer image survives, the replaced one leaves nothing", async () => {
    const { workspace, destination, source } = await updated(open, newFirst);
    await pushTo(source, "team/app", "1", three);
    const plan = await workspace.plan({ args: ["-replace=imagesync.x"] });
    expect(plan.actions).toEqual({ "imagesync.x": "replace-keep" });
    await workspace.apply(plan);
    await expectTags(destination, { live: three });
    expect(await remainsOf(destination, [one, two], [three])).toEqual([]);
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await remainsOf(destination, [one, two, three])).toEqual([]);
  });

  test("of two resources on one tag the one that wrote last keeps it when the other goes", async () => {
    const scene = await setScene(open);
    const { workspace, config, origin, reference, source, destination } = scene;
    await pushTo(source, "team/app", "1", one);
    await pushTo(source, "team/app", "2", two);
    const former = mirror({ source: `${origin}:1`, destination: `${reference}:live` }, "former");
    const latter = mirror(
      { source: `${origin}:2`, destination: `${reference}:live`, depends_on: [expression("imagesync.former")] },
      "latter",
    );
    await workspace.write(config(former, latter));
    await workspace.apply();
    await workspace.write(config(latter.replace(/.*depends_on.*\n/, "")));
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.former": "delete" });
    const { text } = await workspace.apply(plan);
    expect(text).toContain("Warning: Tag kept");
    expect(text).toMatch(new RegExp(`is not removed: .*${two.digest}.*${one.digest}`));
    await expectTags(destination, { live: two });
    expect(await remainsOf(destination, [one], [two])).toEqual([]);
    await expectNothingToDo(workspace);
  });

  test("a tag that somebody moves between plan and destroy is his, whatever layers it shares with ours", async () => {
    const { workspace, destination } = await updated(open);
    const plan = await workspace.plan({ args: ["-destroy"] });
    await pushTo(destination, repository, "live", foreign);
    const { text } = await workspace.apply(plan);
    expect(text).toContain("Warning: Tag kept");
    expect(text).toMatch(new RegExp(`${foreign.digest}.*${two.digest}`));
    await expectTags(destination, { live: foreign });
    expect(await remainsOf(destination, [one, two], [foreign])).toEqual([]);
  });

  test("a tag that somebody moves between plan and update is put right, and his image is not touched", async () => {
    const { workspace, destination, source } = await updated(open);
    await pushTo(source, "team/app", "1", three);
    const plan = await workspace.plan();
    await pushTo(destination, repository, "live", foreign);
    await pushTo(destination, repository, "his", foreign);
    await workspace.apply(plan);
    await expectTags(destination, { live: three, his: foreign, [heldBy(two, "live")]: two });
    await expectNothingToDo(workspace);
  });
});

describe.skipIf(isProgramMissing)("a neighbour who pushes in the middle of a destroy", patient, () => {
  test.each([
    ["the same image under another tag", two],
    ["an image that shares layers", foreign],
  ])("%s is whole afterwards", async (_name, image) => {
    const scene = await updated(openRegistry);
    const destination = scene.destination as RunningRegistry;
    let pushed: Promise<void> | undefined;
    destination.intercept = ({ method }) => {
      if (method !== "DELETE") return undefined;
      // At the removal of the tag; all deletes of content come after it.
      return { until: (pushed ??= pushTo(destination, repository, "neighbour", image)) };
    };
    await scene.workspace.destroy();
    expect(pushed).toBeDefined();
    await expectTags(destination, { neighbour: image });
    expect(await remainsOf(destination, [one, two], [image])).toEqual([]);
  });
});
