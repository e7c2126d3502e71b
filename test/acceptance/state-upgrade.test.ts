import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { buildImage, buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, terraformProgram } from "../support/terraform/index.ts";
import { mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const single = buildImage({ seed: "single of old", layers: [2000] });
const index = buildPlatformIndex({ seed: "index of old", layers: [2000] });
const amd64 = index.children[0];

/** A state as the provider of the same name by another author wrote it, schema version 1. */
function oldState(attributes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    version: 4,
    terraform_version: "0.13.5",
    serial: 3,
    lineage: "6c1a7e1c-9d2b-4f6c-8f8b-0d6a4c1f2b3e",
    outputs: {},
    resources: [
      {
        mode: "managed",
        type: "imagesync",
        name: "x",
        provider: 'provider["registry.terraform.io/shesl/imagesync"]',
        instances: [
          { schema_version: 1, attributes, private: Buffer.from('{"schema_version":"1"}').toString("base64") },
        ],
      },
    ],
  });
}

interface Adopted extends Stage {
  readonly reference: string;
  readonly origin: string;
}

/** Takes the old state over as the documentation says: by `terraform state replace-provider`. */
async function adopt(
  put: { readonly source: typeof index; readonly destination: typeof index },
  attributes: (places: { reference: string; origin: string; host: string }) => Readonly<Record<string, unknown>>,
): Promise<Adopted> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", put.source);
  await pushTo(stage.destination, "mirror/app", "1.0", put.destination);
  const reference = `${stage.destination.host}/mirror/app`;
  const origin = `${stage.source.host}/team/app:1.0`;
  const state = oldState({
    source: origin,
    destination: `${reference}:1.0`,
    ...attributes({ reference, origin, host: stage.destination.host.split(":")[0] ?? "" }),
  });
  await writeFile(stage.workspace.path("terraform.tfstate"), state);
  await stage.workspace.write(stage.config(mirror({ source: origin, destination: `${reference}:1.0` })));
  await stage.workspace.must([
    "state",
    "replace-provider",
    "-auto-approve",
    "registry.terraform.io/shesl/imagesync",
    "registry.terraform.io/imagesync/imagesync",
  ]);
  return { ...stage, reference, origin };
}

describe.skipIf(terraformProgram === undefined)("a state of schema version 1", patient, () => {
  test("of an image for one platform needs no change", async () => {
    const { workspace, reference } = await adopt({ source: single, destination: single }, ({ reference }) => ({
      id: `${reference}@${single.digest}`,
      source_digest: single.digest,
    }));
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({});
    expect(plan.text).toContain("No changes");
    await workspace.apply(undefined, ["-refresh-only"]);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ id: `${reference}@${single.digest}` });
    await expectNothingToDo(workspace);
    await workspace.destroy();
  });

  test("with an id that was cut at the port is repaired without a change", async () => {
    const { workspace, reference } = await adopt({ source: single, destination: single }, ({ host }) => ({
      id: `${host}@${single.digest}`,
      source_digest: single.digest,
    }));
    expect((await workspace.plan()).actions).toEqual({});
    await workspace.apply(undefined, ["-refresh-only"]);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ id: `${reference}@${single.digest}` });
  });

  test("with the digest of the amd64 child plans exactly one update to the whole index", async () => {
    if (amd64 === undefined) throw new Error("The index has no children");
    const { workspace, reference, destination } = await adopt(
      { source: index, destination: amd64 },
      ({ reference }) => ({
        id: `${reference}@${amd64.digest}`,
        source_digest: amd64.digest,
      }),
    );
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ id: `${reference}@${amd64.digest}` });
    expect(plan.after("imagesync.x")).toMatchObject({
      id: `${reference}@${index.digest}`,
      source_digest: index.digest,
    });
    await workspace.apply(plan);
    expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(index));
    await expectNothingToDo(workspace);
  });

  test("with the cut id and the child's digest at once is one update too", async () => {
    if (amd64 === undefined) throw new Error("The index has no children");
    const { workspace, reference } = await adopt({ source: index, destination: amd64 }, ({ host }) => ({
      id: `${host}@${amd64.digest}`,
      source_digest: amd64.digest,
    }));
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${index.digest}` });
    await workspace.apply(plan);
    await expectNothingToDo(workspace);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["without an id", { id: null, source_digest: single.digest }],
    ["with an id that is no reference", { id: "::::", source_digest: "nonsense" }],
    ["without a digest", { id: "", source_digest: null }],
  ])("%s is completed by at most one update", async (_name, attributes) => {
    const { workspace } = await adopt({ source: single, destination: single }, () => attributes);
    const { actions } = await workspace.plan();
    expect([{}, { "imagesync.x": "update" }]).toContainEqual(actions);
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["without a destination", { destination: null, id: "x", source_digest: single.digest }],
    [
      "with a destination that is no reference",
      { destination: "no spaces here", id: "x", source_digest: single.digest },
    ],
  ])("%s is refused with words that help", async (_name, attributes) => {
    const { workspace } = await adopt({ source: single, destination: single }, () => attributes);
    expect((await workspace.planFails()).text).toMatch(/Invalid configuration|Invalid image reference/);
  });
});
