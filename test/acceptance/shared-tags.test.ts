import { describe, expect, test } from "vitest";
import { block, expectNothingToDo, expression, nested, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { imageOf, repository, setRepositoryStage } from "./repositories.ts";
import { mirror, patient, pushTo } from "./stage.ts";

const warning = /Warning: Tag of two resources/;

describe.skipIf(terraformProgram === undefined)("a tag that two resources have", patient, () => {
  test("is told at the plan that would create both", async () => {
    const { workspace, config, origin, reference } = await setRepositoryStage(["1.0", "1.1"]);
    const to = (source: string, name: string, attributes = {}): string =>
      mirror({ source: `${origin}:${source}`, destination: `${reference}:${name}`, ...attributes }, name);
    await workspace.write(config(to("1.0", "a", { additional_tags: ["b"] }), to("1.1", "b"), to("1.1", "c")));
    const { text } = await workspace.plan();
    expect(text).toMatch(warning);
    expect(text).toContain(`- ${reference}:b`);
    expect(text).not.toContain(`- ${reference}:c`);
  });

  test("is told by the apply that puts both, and by every plan from then on until one lets it go", async () => {
    const { workspace, want, origin, reference } = await setRepositoryStage(["1.0", "1.1"]);
    const beside = (additional_tags: readonly string[]): string =>
      mirror({ source: `${origin}:1.0`, destination: `${reference}:one`, additional_tags }, "y");
    await want({}, beside(["1.1", "more"]));
    // One after the other: at the same time one of them may find the image of the other, and fail.
    const applied = await workspace.apply(undefined, ["-parallelism=1"]);
    expect(applied.text).toMatch(warning);
    expect(applied.text).toContain(`- ${reference}:1.1`);
    for (let look = 0; look < 2; look += 1) expect((await workspace.plan()).text).toMatch(warning);
    await want({}, beside(["more"]));
    await workspace.apply();
    expect((await workspace.plan()).text).not.toMatch(warning);
  });

  test("is told of two sets", async () => {
    const { workspace, want, origin, reference } = await setRepositoryStage(["1.0", "1.1", "2.0"]);
    await want({ include: ["1.*"] }, repository({ source: origin, destination: reference }, "y"));
    await workspace.apply();
    const { text } = await workspace.plan();
    expect(text).toMatch(warning);
    expect(text).toContain(`- ${reference}:1.0`);
    expect(text).not.toContain(`- ${reference}:2.0`);
  });

  test("is none of two where it passes from one to the other", async () => {
    const { workspace, want, config, origin, reference, source, destination } = await setRepositoryStage([
      "1.0",
      "2.0",
    ]);
    const quiet = async (...args: readonly string[]): Promise<void> => {
      const plan = await workspace.plan({ args });
      expect(plan.text).not.toMatch(warning);
      expect((await workspace.apply(plan)).text).not.toMatch(warning);
    };
    const set = (include: string, name: string): string =>
      repository(
        { source: origin, destination: reference, include: [include], deletions: nested({ max_share: 1 }) },
        name,
      );
    // From a set to another one.
    await workspace.write(config(set("*", "x")));
    await quiet();
    await workspace.write(config(set("1.*", "x"), set("2.*", "y")));
    await quiet();
    await pushTo(source, "team/app", "2.0", imageOf("2.0", "moved"));
    await quiet();
    // From a resource to one of another name, and to one that has it as an additional tag.
    const one = (name: string, tag: string, attributes = {}): string =>
      mirror({ source: `${origin}:1.0`, destination: `${reference}:${tag}`, ...attributes }, name);
    await workspace.write(config(one("a", "live")));
    await quiet();
    await workspace.write(config(one("b", "live")));
    await quiet();
    await workspace.write(config(one("b", "other", { additional_tags: ["live"] })));
    await quiet();
    // To the object that takes the place of an old one, whichever comes first.
    const lifecycle = nested({ create_before_destroy: true });
    for (const attributes of [{}, { lifecycle }]) {
      await workspace.write(config(one("b", "live", attributes)));
      await quiet();
      await quiet("-replace=imagesync.b");
      await pushTo(source, "team/app", "1.0", imageOf("1.0", JSON.stringify(attributes)));
      await quiet("-replace=imagesync.b");
      await want({ ...attributes, include: ["2.*"] });
      await quiet();
      await quiet("-replace=imagesync_repository.x");
      await workspace.must(["taint", "imagesync_repository.x"]);
      await quiet();
    }
    await expectNothingToDo(workspace);
    expect(await tagsIn(destination)).toEqual(["2.0"]);
  });

  test("is none of two after an import, nor where somebody else's image is kept", async () => {
    const { workspace, config, want, origin, reference, destination } = await setRepositoryStage(["1.0"]);
    await pushTo(destination, "mirror/app", "1.0", imageOf("theirs"));
    const keep = { on_conflict: "keep" };
    await want(keep, mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, ...keep }, "y"));
    for (let run = 0; run < 2; run += 1) expect((await workspace.apply()).text).not.toMatch(warning);
    await workspace.destroy();
    await workspace.write(
      config(
        mirror({ count: 2, source: `${origin}:1.0`, destination: expression(`"${reference}:n\${count.index}"`) }),
        block("locals", { unused: true }),
      ),
    );
    await workspace.apply();
    await workspace.must(["state", "rm", "imagesync.x[0]"]);
    await workspace.must(["import", "-no-color", "-input=false", "imagesync.x[0]", `${reference}:n0,${origin}:1.0`]);
    for (let run = 0; run < 2; run += 1) {
      const plan = await workspace.plan();
      expect(plan.text).not.toMatch(warning);
      await workspace.apply(plan);
    }
  });
});
