import { describe, expect, test } from "vitest";
import { buildImage, fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, expression, knownAfterApply, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage, type StageOptions } from "./stage.ts";

const one = buildImage({ seed: "pinned one", layers: [2000] });
const two = buildImage({ seed: "pinned two", layers: [2000] });
const three = buildImage({ seed: "pinned three", layers: [2000] });

interface Prepared extends Stage {
  readonly reference: string;
  readonly origin: string;
  readonly main: string;
  moveTo(image: typeof one): Promise<void>;
}

async function prepared(options: StageOptions = {}): Promise<Prepared> {
  const stage = await setStage(options);
  const moveTo = (image: typeof one): Promise<void> => pushTo(stage.source, "team/app", "1.0", image);
  await moveTo(one);
  const reference = `${stage.destination.host}/mirror/app`;
  const origin = `${stage.source.host}/team/app:1.0`;
  const main = stage.config(mirror({ source: origin, destination: `${reference}:1.0` }));
  await stage.workspace.write(main);
  return { ...stage, reference, origin, main, moveTo };
}

const dataSource = (origin: string): string => `data "imagesync_image" "x" {\n  source = "${origin}"\n}\n`;

describe.skipIf(terraformProgram === undefined)("a tag that moves between plan and apply", patient, () => {
  test("update: exactly the planned digest lands, and the next plan shows the newer one", async () => {
    const stage = await prepared();
    await stage.workspace.apply();
    await stage.moveTo(two);
    const plan = await stage.workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${stage.reference}@${two.digest}` });
    await stage.moveTo(three);
    await stage.workspace.apply(plan);
    expect(await fetchTree(stage.destination, "mirror/app", "1.0")).toEqual(treeOf(two));
    expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({ source_digest: two.digest });
    const next = await stage.workspace.plan();
    expect(next.actions).toEqual({ "imagesync.x": "update" });
    expect(next.after("imagesync.x")).toMatchObject({ id: `${stage.reference}@${three.digest}` });
  });

  test("create: the planned digest lands or the apply is refused, and then nothing is written", async () => {
    const stage = await prepared();
    const plan = await stage.workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${stage.reference}@${one.digest}` });
    await stage.moveTo(two);
    stage.destination.resetCounts();
    const result = await stage.workspace.run(["apply", "-no-color", "-input=false", plan.file]);
    const landed = await digestOfTag(stage.destination, "mirror/app", "1.0");
    expect([result.code, landed]).toEqual(result.code === 0 ? [0, one.digest] : [1, undefined]);
    const written = stage.destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD");
    expect(written.length === 0 || result.code === 0).toBe(true);
    await stage.workspace.apply();
    await expectNothingToDo(stage.workspace);
  });

  test("replacement: the planned digest lands or the apply is refused, never another one", async () => {
    const stage = await prepared();
    await stage.workspace.apply();
    await stage.workspace.write(stage.config(mirror({ source: stage.origin, destination: `${stage.reference}:next` })));
    const plan = await stage.workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "replace" });
    await stage.moveTo(two);
    await stage.workspace.run(["apply", "-no-color", "-input=false", plan.file]);
    expect([undefined, one.digest]).toContain(await digestOfTag(stage.destination, "mirror/app", "next"));
    await stage.workspace.apply();
    await expectNothingToDo(stage.workspace);
  });

  test("create with source_digest from the data source: exactly the planned digest lands", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(
        dataSource(stage.origin),
        mirror({
          source: stage.origin,
          source_digest: expression("data.imagesync_image.x.digest"),
          destination: `${stage.reference}:1.0`,
        }),
      ),
    );
    const plan = await stage.workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${one.digest}`,
      source_digest: one.digest,
    });
    await stage.moveTo(two);
    await stage.workspace.apply(plan);
    expect(await fetchTree(stage.destination, "mirror/app", "1.0")).toEqual(treeOf(one));
    const next = await stage.workspace.plan();
    expect(next.actions).toEqual({ "imagesync.x": "update" });
    expect(next.after("imagesync.x")).toMatchObject({ source_digest: two.digest });
    await stage.workspace.apply(next);
    await expectNothingToDo(stage.workspace);
  });

  test("resolve_at_plan = false leaves the values unknown, and what the tag holds at apply lands", async () => {
    const stage = await prepared({ provider: { resolve_at_plan: false } });
    const plan = await stage.workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: knownAfterApply, source_digest: knownAfterApply });
    await stage.moveTo(two);
    await stage.workspace.apply(plan);
    expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${two.digest}`,
      source_digest: two.digest,
    });
    expect(await fetchTree(stage.destination, "mirror/app", "1.0")).toEqual(treeOf(two));
    await expectNothingToDo(stage.workspace);
  });
});

describe.skipIf(terraformProgram === undefined)("a source that is pinned", patient, () => {
  test("by a literal source_digest stays, however the tag moves", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(mirror({ source: stage.origin, source_digest: one.digest, destination: `${stage.reference}:1.0` })),
    );
    await stage.moveTo(two);
    await stage.workspace.apply();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(one.digest);
    await expectNothingToDo(stage.workspace);
  });

  test("by a digest in source stays too, and a destination may name the same digest", async () => {
    const stage = await prepared();
    await stage.moveTo(two);
    await stage.workspace.write(
      stage.config(
        mirror({
          source: `${stage.origin}@${one.digest}`,
          destination: `${stage.reference}:1.0@${one.digest}`,
        }),
      ),
    );
    await stage.workspace.apply();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(one.digest);
    await expectNothingToDo(stage.workspace);
  });

  test("to another digest than the destination names is refused at plan", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(mirror({ source: stage.origin, destination: `${stage.reference}:1.0@${two.digest}` })),
    );
    expect((await stage.workspace.planFails()).text).toMatch(/Destination has another digest/);
  });

  test("to a digest that the source does not have is refused, and nothing is written", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(
        mirror({ source: stage.origin, source_digest: three.digest, destination: `${stage.reference}:1.0` }),
      ),
    );
    stage.destination.resetCounts();
    expect((await stage.workspace.applyFails()).text).toMatch(/Image not found/);
    expect(stage.destination.requests.filter(({ method }) => method === "PUT")).toEqual([]);
    expect((await stage.workspace.state()).addresses).toEqual([]);
  });

  test("and then released follows the tag again", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(mirror({ source: stage.origin, source_digest: one.digest, destination: `${stage.reference}:1.0` })),
    );
    await stage.workspace.apply();
    await stage.moveTo(two);
    await stage.workspace.write(stage.main);
    const plan = await stage.workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${stage.reference}@${two.digest}` });
    await stage.workspace.apply(plan);
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(two.digest);
    await expectNothingToDo(stage.workspace);
  });

  test("and then released keeps its image while the source is away", async () => {
    const stage = await prepared();
    await stage.workspace.write(
      stage.config(mirror({ source: stage.origin, source_digest: one.digest, destination: `${stage.reference}:1.0` })),
    );
    await stage.workspace.apply();
    stage.source.intercept = () => ({ respond: { status: 403 } });
    await stage.workspace.write(stage.main);
    const plan = await stage.workspace.plan();
    expect(plan.actions).toEqual({});
    expect(plan.text).toContain("Source unavailable, mirror kept");
  });

  test("the data source says digest, media type, platforms and size", async () => {
    const stage = await prepared();
    await stage.workspace.write(stage.config(dataSource(stage.origin)));
    await stage.workspace.apply();
    expect((await stage.workspace.state()).attributes("data.imagesync_image.x")).toEqual({
      id: `${stage.source.host}/team/app@${one.digest}`,
      source: stage.origin,
      digest: one.digest,
      media_type: one.mediaType,
      size: one.bytes.length,
      platforms: { "linux/amd64": one.digest },
    });
    await stage.workspace.write(stage.config(dataSource(`${stage.source.host}/team/none:1`)));
    expect((await stage.workspace.planFails()).text).toMatch(/Image not found/);
  });
});
