import { describe, expect, test } from "vitest";
import { attachmentTag, buildCosignSignatures, buildReferrer, sbomType } from "../support/images/companions.ts";
import {
  buildImage,
  buildPlatformIndex,
  type Endpoint,
  fetchTree,
  type TestManifest,
  treeOf,
} from "../support/images/index.ts";
import { live } from "../support/terraform/index.ts";
import {
  destinations,
  isProgramMissing,
  remainsOf as allRemainsOf,
  repository,
  setScene,
  tagsIn,
} from "./destinations.ts";
import { mirror, patient, pushTo } from "./stage.ts";

const image = buildPlatformIndex({ seed: "signed for terraform", layers: [1000] });
const signature = buildReferrer(image, "signature");
const sbom = buildReferrer(image.children[0] ?? image, "sbom", sbomType);
const sbomSignature = buildReferrer(sbom, "signature of the sbom");
const cosign = buildCosignSignatures(image, ["one"]);
const belonging: readonly TestManifest[] = [signature, sbom, sbomSignature, cosign];

/** The two bytes `{}`, which artifacts have in place of a configuration, stay for the next one. */
const emptyBlob = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

async function remainsOf(destination: Endpoint, images: readonly TestManifest[]): Promise<string[]> {
  return (await allRemainsOf(destination, images)).filter((path) => !path.endsWith(emptyBlob));
}

describe.skipIf(isProgramMissing)("what belongs to an image", patient, () => {
  test.each(destinations)("comes with it and goes with it at %s, unless referrers says no", async (_name, open) => {
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    for (const referrer of [signature, sbom, sbomSignature]) {
      await pushTo(source, "team/app", referrer.digest, referrer);
    }
    await pushTo(source, "team/app", attachmentTag(image, "sig"), cosign);
    const there = async (): Promise<boolean[]> => {
      const left = await remainsOf(destination, belonging);
      return belonging.map(({ digest }) => left.some((path) => path.endsWith(digest)));
    };
    const resource = (more: object = {}): string =>
      config(mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, keep_previous: 0, ...more }));
    await live(workspace, {
      steps: [
        {
          apply: resource({ referrers: false }),
          state: async () => expect(await there()).toEqual([false, false, false, false]),
        },
        {
          apply: resource(),
          plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
          state: async () => {
            for (const each of belonging) {
              expect(await fetchTree(destination, repository, each.digest)).toEqual(treeOf(each));
            }
          },
        },
      ],
      checkDestroy: async () => {
        expect(await there()).toEqual([false, false, false, false]);
        expect(await tagsIn(destination)).toEqual([]);
        expect(await remainsOf(destination, [image, ...belonging])).toEqual([]);
      },
    });
  });

  test.each(destinations)("of an earlier image is collected with it at %s", async (_name, open) => {
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    await pushTo(source, "team/app", signature.digest, signature);
    const main = config(mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, keep_previous: 0 }));
    await live(workspace, {
      steps: [
        { apply: main },
        {
          happens: () => pushTo(source, "team/app", "1.0", buildImage({ seed: "unsigned successor", layers: [900] })),
          plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
        },
        { apply: main, state: async () => expect(await remainsOf(destination, [image, signature])).toEqual([]) },
      ],
      checkDestroy: async () => expect(await tagsIn(destination)).toEqual([]),
    });
  });

  test("of a whole index is named in a warning where only some platforms are copied", async () => {
    const [, open] = destinations[0] ?? [];
    if (open === undefined) throw new Error("There is no destination");
    const { source, destination, workspace, origin, reference, config } = await setScene(open);
    await pushTo(source, "team/app", "1.0", image);
    await pushTo(source, "team/app", signature.digest, signature);
    await workspace.write(
      config(mirror({ source: `${origin}:1.0`, destination: `${reference}:1.0`, platforms: ["linux/amd64"] })),
    );
    const { text } = await workspace.apply();
    expect(text).toMatch(new RegExp(`Warning:.*does not apply and stays behind:.*${signature.digest}`));
    expect(await remainsOf(destination, [signature])).toEqual([]);
  });
});
