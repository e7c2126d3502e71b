import { describe, expect, test } from "vitest";
import { imageKinds } from "../support/images/index.ts";
import { fetchTree, treeOf } from "../support/images/index.ts";
import { live, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage } from "./stage.ts";
import { liveWholeLife } from "./whole-life.ts";

describe.skipIf(terraformProgram === undefined)("an image under terraform", patient, () => {
  test.each([6, 5] as const)("lives from create to destroy, protocol %i", async (protocol) => {
    const stage = await setStage({ protocol });
    await expect(liveWholeLife(stage)).resolves.toBeUndefined();
    expect(stage.destination.openUploads()).toBe(0);
  });

  test("lives at a registry that cannot delete a single tag", async () => {
    const stage = await setStage({ destination: { tagDelete: false } });
    await expect(liveWholeLife({ ...stage, tagDelete: false })).resolves.toBeUndefined();
  });

  const kinds = [
    "single image",
    "index of five platforms",
    "nested index",
    "artifact with an unknown config type",
    "index with attestations",
  ];
  test.each(imageKinds.filter(({ name }) => kinds.includes(name)))(
    "has the digest of the source's top manifest in its id: $name",
    async (kind) => {
      const stage = await setStage();
      const image = kind.build();
      await pushTo(stage.source, "any/kind", "v1", image);
      const reference = `${stage.destination.host}/copy`;
      await live(stage.workspace, {
        steps: [
          {
            apply: stage.config(mirror({ source: `${stage.source.host}/any/kind:v1`, destination: `${reference}:v1` })),
            plan: (plan) => expect(plan.after("imagesync.x")).toMatchObject({ id: `${reference}@${image.digest}` }),
            state: async (state) => {
              expect(state.attributes("imagesync.x")).toMatchObject({
                id: `${reference}@${image.digest}`,
                source_digest: image.digest,
                media_type: image.mediaType,
              });
              expect(await fetchTree(stage.destination, "copy", "v1")).toEqual(treeOf(image));
            },
          },
        ],
        checkDestroy: async () => expect(await digestOfTag(stage.destination, "copy", "v1")).toBeUndefined(),
      });
    },
  );
});
