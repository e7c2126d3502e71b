import { describe, expect, test } from "vitest";
import { buildPlatformIndex } from "../support/images/index.ts";
import { block, type Body, expectNothingToDo, expression, live, nested } from "../support/terraform/index.ts";
import { destinations, expectTags, isProgramMissing, repository, type Scene, setScene } from "./destinations.ts";
import { mirror, openRegistry, patient, pushTo } from "./stage.ts";

const image = buildPlatformIndex({ seed: "conflicts", layers: [1000] });
const next = buildPlatformIndex({ seed: "conflicts, next", layers: [1100] });
const foreign = buildPlatformIndex({ seed: "conflicts, foreign", layers: [1200] });

describe.skipIf(isProgramMissing)("a destination's tag of somebody else", patient, () => {
  describe.each(destinations)("at %s", (_name, open) => {
    test("is overwritten, kept or refused, as on_conflict says", async () => {
      const { source, destination, workspace, origin, reference, config } = await setScene(open);
      await pushTo(source, "team/app", "1.0", image);
      await pushTo(destination, repository, "1.0", foreign);
      const resource = (on_conflict: string): string =>
        config(
          mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, on_conflict }),
          block('output "runs"', { value: expression("imagesync.x.id") }),
        );
      await live(workspace, {
        steps: [
          {
            refuse: resource("fail"),
            because: new RegExp(`Destination holds another image.*${foreign.digest}.*${image.digest}`),
          },
          {
            apply: resource("keep"),
            plan: (plan) => {
              expect(plan.text).toContain("Existing image kept");
              expect(plan.after("imagesync.x")).toMatchObject({
                id: `${reference}@${foreign.digest}`,
                source_digest: image.digest,
              });
            },
            state: async (state) => {
              expect(state.attributes("imagesync.x")).toMatchObject({ complete: true, media_type: foreign.mediaType });
              await expectTags(destination, { "1.0": foreign });
            },
          },
          { refuse: resource("fail"), because: /Destination holds another image/ },
          {
            apply: resource("overwrite"),
            plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
            state: () => expectTags(destination, { "1.0": image }),
          },
          {
            apply: resource("fail"),
            plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
            state: () => expectTags(destination, { "1.0": image }),
          },
          {
            happens: () => pushTo(source, "team/app", "1.0", next),
            plan: (plan) => expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${next.digest}` }),
          },
          { apply: resource("fail") },
        ],
        checkDestroy: () => expectTags(destination, {}),
      });
    });

    test("is left to its owner by the destroy of who has kept it", async () => {
      const { source, destination, workspace, origin, reference, config } = await setScene(open);
      await pushTo(source, "team/app", "1.0", image);
      await pushTo(destination, repository, "1.0", foreign);
      await live(workspace, {
        steps: [
          {
            apply: config(
              mirror({
                source: `${origin}:1.0`,
                destination: `${reference}:1.0`,
                on_conflict: "keep",
                additional_tags: ["stable"],
              }),
            ),
          },
        ],
        checkDestroy: () => expectTags(destination, { "1.0": foreign }),
      });
    });
  });

  test("that appears between plan and apply is an error, and nothing is written", async () => {
    const [, open] = destinations[0] ?? [];
    if (open === undefined) throw new Error("There is no destination");
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    for (const on_conflict of ["fail", "keep"]) {
      const name = `${repository}/${on_conflict}`;
      const place = reference.replace(repository, name);
      await workspace.write(config(mirror({ source: `${origin}:1.0`, destination: `${place}:1.0`, on_conflict })));
      const plan = await workspace.plan();
      await pushTo(destination, name, "1.0", foreign);
      const failed = await workspace.applyFails(plan);
      expect(failed.text).toMatch(/Destination holds another image|inconsistent final plan/);
      expect((await workspace.state()).has("imagesync.x")).toBe(false);
    }
  });
});

describe.skipIf(isProgramMissing)("a replacement", patient, () => {
  /** A mirror of `image`, whose source has `next` meanwhile. */
  async function prepared(attributes: Body): Promise<Scene> {
    const scene = await setScene(() => openRegistry());
    const { source, workspace, origin, reference, config } = scene;
    await pushTo(source, "team/app", "1.0", image);
    await workspace.write(config(mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, ...attributes })));
    await workspace.apply();
    await pushTo(source, "team/app", "1.0", next);
    return scene;
  }

  test.each([
    ["fail", "asked for"],
    ["fail", "of what is tainted"],
    ["keep", "asked for"],
    ["keep", "of what is tainted"],
  ])("takes what it replaces for nobody else's, with on_conflict = %s, when %s", async (on_conflict, why) => {
    const { workspace, destination, reference } = await prepared({ on_conflict, additional_tags: ["stable"] });
    if (why !== "asked for") await workspace.must(["taint", "imagesync.x"]);
    const plan = await workspace.plan({ args: why === "asked for" ? ["-replace=imagesync.x"] : [] });
    expect(plan.actions).toEqual({ "imagesync.x": "replace" });
    await workspace.apply(plan);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ id: `${reference}@${next.digest}` });
    await expectTags(destination, { "1.0": next, stable: next });
    await expectNothingToDo(workspace);
    await workspace.destroy();
    await expectTags(destination, {});
  });

  test("that creates first cannot know it, and is refused with nothing written", async () => {
    const { workspace, destination } = await prepared({
      on_conflict: "fail",
      lifecycle: nested({ create_before_destroy: true }),
    });
    const plan = await workspace.plan({ args: ["-replace=imagesync.x"] });
    const { text } = await workspace.applyFails(plan);
    expect(text).toMatch(/Destination holds another image|must not be replaced/);
    await expectTags(destination, { "1.0": image });
  });
});

describe.skipIf(isProgramMissing)("additional tags", patient, () => {
  test.each(destinations)("come, move, go and are mended at %s", async (_name, open) => {
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    const resource = (...tags: readonly string[]): string =>
      config(
        mirror({
          source: `${origin}:1.0`,
          destination: `${reference}:1.0`,
          keep_previous: 0,
          ...(tags.length > 0 ? { additional_tags: tags } : {}),
        }),
      );
    await live(workspace, {
      steps: [
        {
          apply: resource("stable", "1"),
          state: async (state) => {
            expect(state.attributes("imagesync.x")).toMatchObject({ additional_tags: ["1", "stable"] });
            await expectTags(destination, { "1.0": image, 1: image, stable: image });
          },
        },
        {
          import: "imagesync.x",
          id: `${reference}:1.0,${origin}:1.0`,
          form: "command",
          except: ["additional_tags", "keep_previous"],
        },
        { apply: resource("stable", "1") },
        {
          happens: () => pushTo(destination, repository, "stable", foreign),
          plan: (plan) => {
            expect(plan.actions).toEqual({ "imagesync.x": "update" });
            expect(plan.before("imagesync.x")["additional_tags"]).toEqual(["1"]);
          },
        },
        {
          apply: resource("stable", "1"),
          state: () => expectTags(destination, { "1.0": image, 1: image, stable: image }),
        },
        {
          apply: resource("1", "newest"),
          state: () => expectTags(destination, { "1.0": image, 1: image, newest: image }),
        },
        {
          happens: () => pushTo(source, "team/app", "1.0", next),
          plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
        },
        { apply: resource("1"), state: () => expectTags(destination, { "1.0": next, 1: next }) },
        { apply: resource(), state: () => expectTags(destination, { "1.0": next }) },
        { apply: resource("again") },
      ],
      checkDestroy: () => expectTags(destination, {}),
    });
  });

  test("that were left to somebody else are taken, or refused at plan, by a change of on_conflict alone", async () => {
    const { source, destination, workspace, origin, reference, config } = await setScene(() => openRegistry());
    await pushTo(source, "team/app", "1.0", image);
    await pushTo(destination, repository, "stable", foreign);
    const resource = (on_conflict: string): string =>
      config(
        mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, additional_tags: ["stable"], on_conflict }),
      );
    await live(workspace, {
      steps: [
        { apply: resource("keep"), state: () => expectTags(destination, { "1.0": image, stable: foreign }) },
        { refuse: resource("fail"), because: /Additional tag holds another image/ },
        { apply: resource("overwrite"), state: () => expectTags(destination, { "1.0": image, stable: image }) },
        { apply: resource("fail") },
        { apply: resource("keep") },
      ],
      checkDestroy: () => expectTags(destination, {}),
    });
  });

  test("that are known after apply only are put all the same", async () => {
    const [, open] = destinations[0] ?? [];
    if (open === undefined) throw new Error("There is no destination");
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    await workspace.write(
      config(
        block('resource "terraform_data" "tag"', { input: "later" }),
        mirror({
          source: `${origin}:1.0`,
          destination: `${reference}:1.0`,
          additional_tags: [expression("terraform_data.tag.output"), "fixed"],
          on_conflict: "fail",
        }),
      ),
    );
    await workspace.apply(await workspace.plan());
    await expectTags(destination, { "1.0": image, later: image, fixed: image });
    await expectNothingToDo(workspace);
  });
});
