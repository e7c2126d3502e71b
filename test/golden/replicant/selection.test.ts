import { describe, expect, test } from "vitest";
import { openWorld, type World } from "../world.ts";

const source = "docker.io/project/image";
const destination = "gcr.io/private-repo/project/image";

/** What a run leaves at the destination: of these tags of the source, with these keys. */
async function mirrored(
  keys: readonly string[],
  tags: readonly string[],
  existing: readonly string[] = [],
): Promise<{ readonly tags: readonly string[]; readonly world: World; readonly stderr: string }> {
  const world = await openWorld({ "docker.io": {}, "gcr.io": {} });
  for (const tag of tags) await world.push(`${source}:${tag}`, tag);
  for (const tag of existing) await world.push(`${destination}:${tag}`, tag);
  const file = await write(world, keys);
  const { code, stderr } = await world.run(["replicant", "-c", file]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
  return { tags: await world.tags(destination), world, stderr };
}

async function write(world: World, keys: readonly string[], top: readonly string[] = []): Promise<string> {
  const ends = [`    source: ${source}`, `    destination: ${destination}`];
  return await world.write(
    "replicant.yaml",
    ...top,
    "images:",
    "  image:",
    ...ends,
    ...keys.map((key) => `    ${key}`),
  );
}

const plain = ["1.0.0", "1.2.0", "1.10.0"];

describe("replicant, which tags", () => {
  test.each([[[]], [['mode: ""']], [["mode: highest"]]])(
    "R1 highest is the default and mirrors the highest version under its original tag: %j",
    async (keys) => {
      const { tags, world } = await mirrored(keys, [...plain, "v2", "latest"]);
      expect(tags).toEqual(["v2"]);
      expect(await world.digest(`${destination}:v2`)).toBe(await world.digest(`${source}:v2`));
    },
  );

  test("R2 higher mirrors every version above the highest of the destination", async () => {
    const { tags } = await mirrored(["mode: higher"], [...plain, "1.3.0", "latest"], ["1.2.0", "zzz"]);
    expect(tags).toEqual(["1.10.0", "1.2.0", "1.3.0", "zzz"]);
  });

  test("R2 higher compares with what the same filter leaves of the destination", async () => {
    const { tags } = await mirrored(["mode: higher"], plain, ["1.0.0", "1.5.0-rc1", "20230101"]);
    expect(tags).toEqual(["1.0.0", "1.10.0", "1.2.0", "1.5.0-rc1", "20230101"]);
  });

  test.each([[[]], [["latest"]]])(
    "R2 higher mirrors nothing to a destination without versions: %j",
    async (existing) => {
      const { tags, stderr } = await mirrored(["mode: higher"], plain, existing);
      expect(tags).toEqual(existing);
      expect(stderr).toContain("0 copied");
    },
  );

  test("R3 semver mirrors every version", async () => {
    expect((await mirrored(["mode: semver"], [...plain, "v1", "latest", "1.0.0-rc1"])).tags).toEqual([
      "1.0.0",
      "1.10.0",
      "1.2.0",
      "v1",
    ]);
  });

  test("R4 all mirrors every tag, whatever it is called", async () => {
    const tags = ["1.0.0-rc1", "20230101", "LATEST", "_x", "latest"];
    expect((await mirrored(["mode: all"], tags)).tags).toEqual(tags);
  });

  test("R4 all brings signatures along with their images, and none whose image is not there", async () => {
    const world = await openWorld({ "docker.io": {}, "gcr.io": {} });
    const signature = (digest: string): string => `${digest.replace(":", "-")}.sig`;
    const signed = signature(await world.push(`${source}:1.0.0`));
    await world.push(`${source}:${signed}`);
    await world.push(`${source}:${signature(`sha256:${"0".repeat(64)}`)}`);
    expect((await world.run(["replicant", "-c", await write(world, ["mode: all"])])).code).toBe(0);
    expect(await world.tags(destination)).toEqual(["1.0.0", signed]);
  });

  test("R5 versions may have a v and lack parts, and leading zeros count only before the dash", async () => {
    const versions = ["1", "1.02.3", "2.0", "v3", "v4.5.6-rc1", "0.0.18446744073709551615"];
    const others = ["1.2.3-01", "V5.0.0", "1.2.3.4", "1.2.3_4", "x1.0.0", "1.0.0-", "0.0.18446744073709551616"];
    const { tags } = await mirrored(["mode: semver", "allow-prerelease: true"], [...versions, ...others]);
    expect(tags).toEqual(versions.sort());
  });

  test("R6 a major above 1024 is no version but a date, up to there it is one", async () => {
    const { tags } = await mirrored(["mode: semver"], ["2023.01.01", "20230101", "1025", "1024.1.0", "812"]);
    expect(tags).toEqual(["1024.1.0", "812"]);
  });

  test("R7 allow-prerelease decides in every mode of versions whether a suffix counts", async () => {
    const tags = ["1.0.0", "1.1.0-rc1", "1.1.0-alpine"];
    expect((await mirrored(["mode: semver"], tags)).tags).toEqual(["1.0.0"]);
    expect((await mirrored(["mode: semver", "allow-prerelease: true"], tags)).tags).toEqual([...tags].sort());
    expect((await mirrored(["mode: highest", "allow-prerelease: true"], tags)).tags).toEqual(["1.1.0-rc1"]);
    expect((await mirrored(["mode: higher", "allow-prerelease: true"], tags, ["1.0.0"])).tags).toEqual(
      [...tags].sort(),
    );
  });

  test("R7 compatibility takes exactly this suffix, and without it only plain versions count", async () => {
    const tags = ["1.0.0", "1.1.0-alpine", "1.2.0-alpine3.17", "1.0.0-alpine", "1.3.0-dind"];
    expect((await mirrored(["mode: semver", "compatibility: alpine"], tags)).tags).toEqual([
      "1.0.0-alpine",
      "1.1.0-alpine",
    ]);
    expect((await mirrored(["compatibility: alpine"], tags)).tags).toEqual(["1.1.0-alpine"]);
    expect((await mirrored(["mode: semver"], tags)).tags).toEqual(["1.0.0"]);
  });

  test("R8 versions are ordered as semver orders them: prereleases by their parts", async () => {
    const tags = ["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0-alpha", "1.0.0-rc.9"];
    expect((await mirrored(["allow-prerelease: true"], tags)).tags).toEqual(["1.0.0-rc.10"]);
    expect((await mirrored(["allow-prerelease: true"], [...tags, "1.0.0"])).tags).toEqual(["1.0.0"]);
  });

  test("R8 of tags for one version it is always the same that wins, where replicant's is random", async () => {
    const ties = ["1", "1.0", "1.0.0", "v1.0.0"];
    expect((await mirrored([], ties)).tags).toEqual(["1.0.0"]);
    expect((await mirrored([], ties.toReversed())).tags).toEqual(["1.0.0"]);
    expect((await mirrored([], ["v1.0.0", "1"])).tags).toEqual(["v1.0.0"]);
  });

  test("R11 the mode of the file holds for images without one", async () => {
    const world = await openWorld({ "docker.io": {}, "gcr.io": {} });
    for (const tag of plain) await world.push(`${source}:${tag}`);
    expect((await world.run(["replicant", "-c", await write(world, [], ["mode: semver"])])).code).toBe(0);
    expect(await world.tags(destination)).toEqual(["1.0.0", "1.10.0", "1.2.0"]);
  });

  test.each(["6", '"6"'])("R11 pinned-major keeps to one major, as a number or a text: %s", async (major) => {
    const tags = ["5.0.0", "6.0.0", "6.2.0", "7.0.0"];
    expect((await mirrored([`pinned-major: ${major}`], tags)).tags).toEqual(["6.2.0"]);
    expect((await mirrored(["mode: semver", `pinned-major: ${major}`], tags)).tags).toEqual(["6.0.0", "6.2.0"]);
  });

  test("R11 pinned-major 0 is a major too", async () => {
    expect((await mirrored(["pinned-major: 0"], ["0.9.0", "1.0.0"])).tags).toEqual(["0.9.0"]);
  });
});
