import { describe, expect, test } from "vitest";
import { buildImage, buildIndex, fetchTree, type TestManifest } from "../support/images/index.ts";
import { block, childrenOf, expression } from "../support/terraform/index.ts";
import { expectTags, heldBy, isProgramMissing, remainsOf, repository, tagsIn } from "./destinations.ts";
import { type Intercept, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const tags = ["a", "b", "c", "d", "e", "f"];

/** Each has layers of its own, one that all share, and one that the neighbour shares. */
const version = (tag: string, generation: number): TestManifest =>
  buildIndex({
    children: ["amd64", "arm64"].map((architecture) =>
      buildImage({
        seed: `killed, ${tag}, ${generation}, ${architecture}`,
        layers: [{ seed: "killed, base", size: 2500 }, { seed: "killed, all", size: 1500 }, 300],
        platform: { os: "linux", architecture },
      }),
    ),
  });
const neighbour = buildImage({ seed: "killed, neighbour", layers: [{ seed: "killed, base", size: 2500 }, 100] });
const ours = tags.flatMap((tag) => [version(tag, 0), version(tag, 1)]);

/** Six mirrors that have been updated once, and a neighbour, in one repository. */
async function mirrored(tagDelete: boolean): Promise<Stage> {
  const stage = await setStage({ packaged: true, destination: { tagDelete } });
  const { source, destination, workspace, config } = stage;
  await pushTo(destination, repository, "neighbour", neighbour);
  await workspace.write(
    config(
      block("locals", { tags }),
      mirror({
        for_each: expression("toset(local.tags)"),
        source: expression(`"${source.host}/team/app:\${each.key}"`),
        destination: expression(`"${destination.host}/${repository}:\${each.key}"`),
      }),
    ),
  );
  for (const generation of [0, 1]) {
    for (const tag of tags) await pushTo(source, "team/app", tag, version(tag, generation));
    await workspace.apply();
  }
  return stage;
}

type Request = Parameters<Intercept>[0];

const isChange = ({ method }: Request): boolean => method !== "GET" && method !== "HEAD";

/** From its n-th request of the kind on, the destination does nothing more. */
function heldFrom({ destination }: Stage, count: number, isCounted: (request: Request) => boolean): Promise<void> {
  let changes = 0;
  return new Promise((resolve) => {
    destination.intercept = (request) => {
      if (isCounted(request)) changes += 1;
      if (changes < count) return undefined;
      resolve();
      return { until: new Promise(() => undefined) };
    };
  });
}

async function killInTheMiddle(
  stage: Stage,
  count: number,
  isCounted = isChange,
  verb: "apply" | "destroy" = "destroy",
): Promise<void> {
  const held = heldFrom(stage, count, isCounted);
  const command = stage.workspace.start([verb, "-auto-approve", "-no-color", "-input=false", "-parallelism=20"]);
  await held;
  const providers = childrenOf(command.pid);
  expect(providers.length).toBe(1);
  for (const pid of providers) process.kill(pid, "SIGKILL");
  expect((await command.done).code).toBe(1);
  stage.destination.intercept = undefined;
}

describe.skipIf(isProgramMissing)("kill -9 of the provider in the middle of a destroy", patient, () => {
  // While the tags go, which takes more requests where each needs a stand-in; then the manifests follow at once.
  describe.each([
    ["a registry that deletes tags", true, [1, 2, 7]],
    ["a registry that deletes by digest only", false, [1, 2, 7, 12]],
  ])("at %s", (_name, tagDelete, counts) => {
    test.each(counts)(
      "at its change number %s: all tags stay whole, and a second destroy leaves nothing",
      async (count) => {
        const stage = await mirrored(tagDelete);
        await killInTheMiddle(stage, count);
        await expectFinished(stage);
        expect(await manifestsLeft(stage)).toEqual([]);
      },
    );

    // Platforms are known by their index alone, which is deleted before them.
    test("among the deletes of manifests: no tag and no index is left, at most platforms that no tag leads to", async () => {
      const stage = await mirrored(tagDelete);
      await killInTheMiddle(stage, 3, ({ method, reference }) => method === "DELETE" && isIndex(reference));
      await expectFinished(stage);
      expect((await manifestsLeft(stage)).filter(isIndex)).toEqual([]);
    });
  });
});

describe.skipIf(isProgramMissing)("kill -9 of the provider in the middle of an update", patient, () => {
  test.each([
    ["before the first tag moves", 1, ({ method, reference }: Request) => method === "PUT" && tags.includes(reference)],
    ["when some tags have moved", 4, ({ method, reference }: Request) => method === "PUT" && tags.includes(reference)],
    ["while older digests are collected", 3, ({ method }: Request) => method === "DELETE"],
  ])("%s: what was there before stays whole, and is not forgotten", async (_name, count, isCounted) => {
    const stage = await mirrored(true);
    const { source, destination, workspace } = stage;
    for (const tag of tags) await pushTo(source, "team/app", tag, version(tag, 2));
    await killInTheMiddle(stage, count, isCounted, "apply");
    for (const tag of tags) {
      const { digest } = version(tag, 1);
      await expect(fetchTree(destination, repository, digest)).resolves.toMatchObject({ digest });
    }
    await workspace.apply();
    await expectTags(destination, {
      neighbour,
      ...Object.fromEntries(tags.map((tag) => [tag, version(tag, 2)])),
      ...Object.fromEntries(tags.map((tag) => [heldBy(version(tag, 1), tag), version(tag, 1)])),
    });
    await expectFinished(stage);
  });
});

function isIndex(path: string): boolean {
  return ours.some(({ digest }) => path.endsWith(digest));
}

async function manifestsLeft({ destination }: Stage): Promise<string[]> {
  return (await remainsOf(destination, ours, [neighbour])).filter((path) => path.includes("manifests/"));
}

/** Whoever pulls a tag that is still there gets all of it; then a destroy takes every tag that is ours. */
async function expectFinished({ workspace, destination }: Stage): Promise<void> {
  for (const tag of await tagsIn(destination)) {
    await expect(fetchTree(destination, repository, tag)).resolves.toBeDefined();
  }
  await workspace.destroy();
  expect((await workspace.state()).addresses).toEqual([]);
  await expectTags(destination, { neighbour });
}
