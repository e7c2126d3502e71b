import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import { expectNothingToDo, terraformProgram } from "../support/terraform/index.ts";
import { deleteManifest, digestOfTag, mirror, patient, pushTo, setStage, type Fault, type Stage } from "./stage.ts";

const image = buildImage({ seed: "kept", layers: [2000] });

async function applied(policy?: string): Promise<Stage & { readonly reference: string }> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  const reference = `${stage.destination.host}/mirror/app`;
  await stage.workspace.write(
    stage.config(
      mirror({
        source: `${stage.source.host}/team/app:1.0`,
        destination: `${reference}:1.0`,
        ...(policy === undefined ? {} : { on_source_unavailable: policy }),
      }),
    ),
  );
  await stage.workspace.apply();
  return { ...stage, reference };
}

const immediately = { "Retry-After": "0" };

const failures: readonly (readonly [string, Fault])[] = [
  ["has deleted the tag", { respond: { status: 404 } }],
  ["wants a login", { respond: { status: 401 } }],
  ["denies", { respond: { status: 403 } }],
  ["limits the rate", { respond: { status: 429, headers: immediately } }],
  ["fails", { respond: { status: 503, headers: immediately } }],
];

describe.skipIf(terraformProgram === undefined)("a source that cannot be asked once the mirror exists", patient, () => {
  test.each(failures)("%s: by default the mirror is kept, with a warning", async (_name, fault) => {
    const stage = await applied();
    stage.source.intercept = () => fault;
    const plan = await stage.workspace.plan();
    expect(plan.actions).toEqual({});
    expect(plan.text).toMatch(/Warning: Source unavailable, mirror kept/);
    await expectNothingToDo(stage.workspace);
    stage.source.intercept = undefined;
    await expectNothingToDo(stage.workspace);
  });

  test.each(failures)('%s: with "fail" the plan fails and the state is kept', async (_name, fault) => {
    const stage = await applied("fail");
    stage.source.intercept = () => fault;
    expect((await stage.workspace.planFails()).text).toMatch(/Error: Source unavailable/);
    expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${image.digest}`,
    });
    stage.source.intercept = undefined;
    await expectNothingToDo(stage.workspace);
  });

  test("a source that is down is kept too, and the destroy needs no source", async () => {
    const stage = await applied();
    await stage.source.close();
    expect((await stage.workspace.plan()).actions).toEqual({});
    await stage.workspace.destroy();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBeUndefined();
  });

  test("a mirror that is lost while the source is away cannot be brought back: an error, and nothing is forgotten", async () => {
    const stage = await applied();
    await deleteManifest(stage.destination, "mirror/app", "1.0");
    stage.source.intercept = () => ({ respond: { status: 503, headers: immediately } });
    expect((await stage.workspace.applyFails()).text).toMatch(/Registry unavailable/);
    stage.source.intercept = undefined;
    await stage.workspace.apply();
    await expectNothingToDo(stage.workspace);
  });

  test("a tag that somebody overwrote is put back from what the destination still has", async () => {
    const stage = await applied();
    await pushTo(stage.destination, "mirror/app", "1.0", buildImage({ seed: "foreign", layers: [1000] }));
    stage.source.intercept = () => ({ respond: { status: 503, headers: immediately } });
    await stage.workspace.apply();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(image.digest);
  });
});

/** Each asks Terraform for a replacement that no attribute of the mirror brings about. */
const orders: readonly (readonly [string, (stage: Stage) => Promise<readonly string[]>])[] = [
  ["-replace", () => Promise.resolve(["-replace=imagesync.x"])],
  ["-replace without a refresh", () => Promise.resolve(["-replace=imagesync.x", "-refresh=false"])],
  [
    "taint",
    async ({ workspace }) => {
      await workspace.must(["taint", "imagesync.x"]);
      return [];
    },
  ],
];

describe.skipIf(terraformProgram === undefined)(
  "a replacement of a mirror that its source could not bring back",
  patient,
  () => {
    test.each(orders)("by %s is refused at plan, and the image stays", async (_name, order) => {
      const stage = await applied();
      stage.source.intercept = () => ({ respond: { status: 503, headers: immediately } });
      const args = await order(stage);
      expect((await stage.workspace.applyFails(undefined, args)).text).toMatch(/Error: Registry unavailable/);
      expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(image.digest);
      stage.source.intercept = undefined;
      await stage.workspace.apply(undefined, args);
      expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(image.digest);
    });

    test.each(orders)("by %s is refused where the digest is pinned, and gone", async (_name, order) => {
      const { workspace, source, destination, config, reference } = await applied();
      await workspace.write(
        config(
          mirror({
            source: `${source.host}/team/app:1.0`,
            source_digest: image.digest,
            destination: `${reference}:1.0`,
          }),
        ),
      );
      await workspace.apply();
      await deleteManifest(source, "team/app", image.digest);
      const args = await order({ workspace, source, destination, config });
      expect((await workspace.applyFails(undefined, args)).text).toMatch(/the old image would be removed/);
      expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    });
  },
);

describe.skipIf(terraformProgram === undefined)(
  "a source that cannot be asked before there is a mirror",
  patient,
  () => {
    test.each(failures)("%s: the plan fails whatever the policy", async (_name, fault) => {
      const stage = await setStage();
      stage.source.intercept = () => fault;
      await stage.workspace.write(
        stage.config(
          mirror({
            source: `${stage.source.host}/team/app:1.0`,
            destination: `${stage.destination.host}/mirror/app:1.0`,
          }),
        ),
      );
      const failed = await stage.workspace.planFails();
      expect(failed.text).toMatch(
        /Error: (Image not found|Not logged in|Access denied|Rate limit reached|Registry unavailable)/,
      );
      expect(failed.text).toContain(stage.source.host);
    });
  },
);
