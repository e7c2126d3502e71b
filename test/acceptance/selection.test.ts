import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, buildImage } from "../support/images/index.ts";
import { expectNothingToDo, live, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildPlatformIndex({ seed: "platforms", layers: [2000] });
const [amd64, arm64] = image.children;

async function prepared(): Promise<Stage & { readonly reference: string; readonly origin: string }> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  return { ...stage, reference: `${stage.destination.host}/mirror/app`, origin: `${stage.source.host}/team/app:1.0` };
}

describe.skipIf(terraformProgram === undefined)("platforms", patient, () => {
  test("a subset is a new index of the original images, its digest is known at plan and stays", async () => {
    const { workspace, config, reference, origin, destination, source } = await prepared();
    const subset = (names: readonly string[]): string =>
      config(mirror({ source: origin, destination: `${reference}:1.0`, platforms: names }));
    let planned = "";
    await live(workspace, {
      steps: [
        {
          apply: subset(["linux/arm64", "linux/amd64"]),
          plan: (plan) => {
            planned = String(plan.after("imagesync.x")["id"]);
            expect(planned).toMatch(/@sha256:[0-9a-f]{64}$/);
            expect(planned).not.toContain(image.digest);
          },
          state: async (state) => {
            expect(state.attributes("imagesync.x")).toMatchObject({
              id: planned,
              source_digest: image.digest,
              platform_digests: { "linux/amd64": amd64?.digest, "linux/arm64": arm64?.digest },
            });
            const tree = await fetchTree(destination, "mirror/app", "1.0");
            expect(`${reference}@${tree.digest}`).toBe(planned);
            expect(Object.keys(tree.manifests).toSorted()).toEqual(
              [tree.digest, String(amd64?.digest), String(arm64?.digest)].toSorted(),
            );
            expect(tree.manifests[tree.digest]?.text).toContain(image.digest);
          },
        },
        { apply: subset(["linux/amd64", "linux/arm64"]), plan: (plan) => expect(plan.actions).toEqual({}) },
        { apply: subset(["linux/amd64"]), plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }) },
        {
          happens: () => pushTo(source, "team/app", "1.0", buildPlatformIndex({ seed: "moved", layers: [1500] })),
          plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
        },
        { apply: subset(["linux/amd64"]) },
        {
          apply: config(mirror({ source: origin, destination: `${reference}:1.0` })),
          plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
        },
      ],
      checkDestroy: async () => expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined(),
    });
  });

  test.each([
    ["platforms", ["linux/riscv64"]],
    ["required_platforms", ["linux/amd64", "linux/riscv64"]],
  ])("%s that the source does not offer fail before anything is written", async (attribute, names) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(config(mirror({ source: origin, destination: `${reference}:1.0`, [attribute]: names })));
    const failed = await workspace.applyFails();
    expect(failed.text).toMatch(/linux\/riscv64/);
    expect(failed.text).toMatch(/linux\/s390x/);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    expect((await workspace.state()).addresses).toEqual([]);
  });

  test("required_platforms that are offered change nothing about the image", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(
      config(
        mirror({ source: origin, destination: `${reference}:1.0`, required_platforms: ["linux/amd64", "linux/s390x"] }),
      ),
    );
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    await expectNothingToDo(workspace);
  });

  test("a source that loses a required platform is refused, and the mirror stays as it was", async () => {
    const { workspace, config, reference, origin, destination, source } = await prepared();
    await workspace.write(
      config(mirror({ source: origin, destination: `${reference}:1.0`, required_platforms: ["linux/arm64"] })),
    );
    await workspace.apply();
    await pushTo(source, "team/app", "1.0", buildImage({ seed: "only amd64", layers: [1000] }));
    const failed = await workspace.applyFails();
    expect(failed.text).toMatch(/linux\/arm64/);
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ source_digest: image.digest });
  });

  test("required_platforms that are unmet only at apply fail there, before anything is written", async () => {
    const { workspace, config, reference, origin, destination, source } = await prepared();
    const unresolved = config(
      mirror({ source: origin, destination: `${reference}:1.0`, required_platforms: ["linux/arm64"] }),
    ).replace('provider "imagesync" {', 'provider "imagesync" {\n  resolve_at_plan = false');
    await workspace.write(unresolved);
    const plan = await workspace.plan();
    await pushTo(source, "team/app", "1.0", buildImage({ seed: "only amd64", layers: [1000] }));
    expect((await workspace.applyFails(plan)).text).toMatch(/linux\/arm64/);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
  });
});
