import { describe, expect, test } from "vitest";
import { buildImage, buildIndex, type TestManifest } from "../support/images/index.ts";
import { block, expectNothingToDo, expression } from "../support/terraform/index.ts";
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
import { mirror, patient, pushTo } from "./stage.ts";

/** Neighbours share layers by threes, and one layer with all. */
function version(tag: string, generation: number): TestManifest {
  const number = Number(tag.slice(1));
  const children = ["amd64", "arm64"].map((architecture) =>
    buildImage({
      seed: `one repository, ${tag}, ${generation}, ${architecture}`,
      layers: [
        { seed: "one repository, base", size: 3000 },
        { seed: `one repository, group ${Math.floor(number / 3)}`, size: 2000 },
        300,
      ],
      platform: { os: "linux", architecture },
    }),
  );
  return buildIndex({ children });
}

const tagsFrom = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `v${first + index}`);

/** One mirror for each tag. `v10` and later copy the image of the tag ten below, so that digests have two tags. */
const imageOf = (tag: string, generation: number): TestManifest => {
  const number = Number(tag.slice(1));
  return version(number >= 10 ? `v${number - 10}` : tag, generation);
};

async function configure({ workspace, config, origin, reference }: Scene, tags: readonly string[]): Promise<void> {
  await workspace.write(
    config(
      block("locals", { tags }),
      mirror({
        for_each: expression("toset(local.tags)"),
        source: expression(`"${origin}:\${each.key}"`),
        destination: expression(`"${reference}:\${each.key}"`),
      }),
    ),
  );
}

/** Mirrors these tags, twenty at a time. */
async function mirrored(scene: Scene, tags: readonly string[], generation = 0): Promise<void> {
  for (const tag of tags) await pushTo(scene.source, "team/app", tag, imageOf(tag, generation));
  await configure(scene, tags);
  await scene.workspace.apply(undefined, ["-parallelism=20"]);
}

function modelOf(tags: readonly string[], generation = 0): Record<string, TestManifest> {
  return Object.fromEntries(tags.map((tag) => [tag, imageOf(tag, generation)]));
}

describe.skipIf(isProgramMissing).each(destinations)("many tags of one repository at %s", patient, (_name, open) => {
  test("-parallelism=20 with creates, updates and deletes at once: every tag that must be there is whole", async () => {
    const scene = await setScene(open);
    const { workspace, source, destination } = scene;
    const foreign = buildImage({ seed: "foreign", layers: [{ seed: "one repository, base", size: 3000 }, 100] });
    await pushTo(destination, repository, "foreign", foreign);
    await mirrored(scene, tagsFrom(0, 13));
    await expectTags(destination, { ...modelOf(tagsFrom(0, 13)), foreign });
    // v0 to v4 go, v5 to v7 move on, v8 to v13 stay, v14 to v19 come; v10 to v14 have the digests of those that go.
    for (const tag of tagsFrom(5, 7)) await pushTo(source, "team/app", tag, imageOf(tag, 1));
    for (const tag of tagsFrom(14, 19)) await pushTo(source, "team/app", tag, imageOf(tag, 0));
    await configure(scene, tagsFrom(5, 19));
    await workspace.apply(undefined, ["-parallelism=20"]);
    await expectTags(destination, {
      foreign,
      ...modelOf(tagsFrom(8, 19)),
      ...modelOf(tagsFrom(5, 7), 1),
      ...Object.fromEntries(tagsFrom(5, 7).map((tag) => [heldBy(imageOf(tag, 0), tag), imageOf(tag, 0)])),
    });
    await expectNothingToDo(workspace);
    await workspace.must(["destroy", "-auto-approve", "-no-color", "-parallelism=20"]);
    await expectTags(destination, { foreign });
    const all = tagsFrom(0, 9).flatMap((tag) => [version(tag, 0), version(tag, 1)]);
    expect(await remainsOf(destination, all, [foreign])).toEqual([]);
  });

  test("destroy -target takes its tags and what only they had", async () => {
    const scene = await setScene(open);
    const { workspace, destination } = scene;
    await mirrored(scene, tagsFrom(0, 11));
    // v10 has the digest of v0; v2 has no twin, but a group that shares its layer.
    const targets = ["v0", "v2", "v3", "v4", "v5"];
    const args = targets.map((tag) => `-target=imagesync.x["${tag}"]`);
    await workspace.must(["destroy", "-auto-approve", "-no-color", "-parallelism=20", ...args]);
    const stay = tagsFrom(0, 11).filter((tag) => !targets.includes(tag));
    await expectTags(destination, modelOf(stay));
    const kept = stay.map((tag) => imageOf(tag, 0));
    expect(
      await remainsOf(
        destination,
        ["v2", "v3", "v4", "v5"].map((tag) => imageOf(tag, 0)),
        kept,
      ),
    ).toEqual([]);
    await workspace.apply();
    await expectTags(destination, modelOf(tagsFrom(0, 11)));
  });
});
