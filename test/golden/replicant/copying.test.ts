import { describe, expect, test } from "vitest";
import { buildImage, buildPlatformIndex, fetchTree } from "../../support/images/index.ts";
import { openWorld, type World } from "../world.ts";

const source = "docker.io/project/image";
const destination = "gcr.io/private-repo/project/image";

async function open(): Promise<World> {
  return await openWorld({ "docker.io": {}, "gcr.io": {} });
}

/** Runs replicant on one image with these keys. */
async function replicate(world: World, ...keys: readonly string[]): ReturnType<World["run"]> {
  const lines = [`source: ${source}`, `destination: ${destination}`, ...keys].map((line) => `    ${line}`);
  return await world.run(["replicant", "-c", await world.write("replicant.yaml", "images:", "  image:", ...lines)]);
}

describe("replicant, what happens to a tag", () => {
  test("R9 a tag that is there stays as it is without replace-tag", async () => {
    const world = await open();
    await world.push(`${source}:1.0.0`, "new");
    const old = await world.push(`${destination}:1.0.0`, "old");
    expect((await replicate(world)).code).toBe(0);
    expect(await world.digest(`${destination}:1.0.0`)).toBe(old);
    expect((await replicate(world, "replace-tag: false")).code).toBe(0);
    expect(await world.digest(`${destination}:1.0.0`)).toBe(old);
  });

  test("R9 replace-tag overwrites the destination when the image ID differs, and never writes to the source", async () => {
    const world = await open();
    const wanted = await world.push(`${source}:1.0.0`, "new");
    await world.push(`${destination}:1.0.0`, "old");
    world.registry("docker.io").resetCounts();
    expect((await replicate(world, "replace-tag: true")).code).toBe(0);
    expect(await world.digest(`${destination}:1.0.0`)).toBe(wanted);
    expect(world.writes("docker.io")).toEqual([]);
  });

  test("R9 replace-tag leaves a tag whose image ID is the same, although the digest differs", async () => {
    const world = await open();
    await world.push(`${source}:1.0.0`, buildImage({ seed: "same", layers: [100], annotations: { built: "again" } }));
    const old = await world.push(`${destination}:1.0.0`, buildImage({ seed: "same", layers: [100] }));
    expect((await replicate(world, "replace-tag: true")).code).toBe(0);
    expect(await world.digest(`${destination}:1.0.0`)).toBe(old);
  });

  test.each([
    [403, 0],
    [401, 1],
    [429, 0],
    [503, 0],
  ])(
    "R10 an answer of the destination other than 404 is a failure, where replicant takes it for a present image: %d",
    async (status, code) => {
      const world = await open();
      await world.push(`${source}:1.0.0`);
      world.registry("gcr.io").intercept = ({ method, kind }) =>
        kind === "manifest" && method !== "PUT" ? { respond: { status, headers: { "retry-after": "0" } } } : undefined;
      const outcome = await replicate(world);
      world.registry("gcr.io").intercept = undefined;
      expect(outcome.code).toBe(code);
      expect(await world.tags(destination)).toEqual([]);
      expect(outcome.stderr).toContain("1 image failed");
    },
  );

  test("R10 404 is what makes a tag missing, and lets it be copied", async () => {
    const world = await open();
    const wanted = await world.push(`${source}:1.0.0`);
    expect((await replicate(world)).code).toBe(0);
    expect(world.registry("gcr.io").requests).toContainEqual(expect.objectContaining({ method: "HEAD", status: 404 }));
    expect(await world.digest(`${destination}:1.0.0`)).toBe(wanted);
  });

  test("R14 every image of the file is done in one pass, and a second pass writes nothing", async () => {
    const world = await open();
    const names = ["one", "two", "three"];
    for (const name of names) await world.push(`docker.io/project/${name}:1.0.0`);
    const lines = names.flatMap((name) => [
      `  ${name}:`,
      `    source: docker.io/project/${name}`,
      `    destination: gcr.io/private-repo/${name}`,
    ]);
    const file = await world.write("replicant.yaml", "images:", ...lines);
    expect((await world.run(["replicant", "-c", file])).code).toBe(0);
    for (const name of names) expect(await world.tags(`gcr.io/private-repo/${name}`)).toEqual(["1.0.0"]);
    world.registry("gcr.io").resetCounts();
    expect((await world.run(["replicant", "-c", file])).code).toBe(0);
    expect(world.writes("gcr.io")).toEqual([]);
  });

  test("R16 an index comes with all its platforms, where replicant copies linux/amd64 alone", async () => {
    const world = await open();
    const index = buildPlatformIndex({ seed: "index", layers: [400] });
    await world.push(`${source}:1.0.0`, index);
    expect((await replicate(world)).code).toBe(0);
    const copied = await fetchTree(world.registry("gcr.io"), "private-repo/project/image", "1.0.0");
    expect(copied.digest).toBe(index.digest);
    expect(Object.keys(copied.manifests)).toHaveLength(1 + index.children.length);
  });

  test("R16 an image that is not for linux/amd64 is copied and replaced like others, where replicant panics", async () => {
    const world = await open();
    const platforms = [{ os: "linux", architecture: "arm64" }];
    const index = buildPlatformIndex({ seed: "arm", layers: [400], platforms });
    await world.push(`${source}:1.0.0`, index);
    await world.push(`${destination}:1.0.0`, "old");
    expect((await replicate(world, "replace-tag: true")).code).toBe(0);
    expect(await world.digest(`${destination}:1.0.0`)).toBe(index.digest);
  });

  test("R16 an image of schema 1 is a failure that is told, and stops no other, where replicant skips it", async () => {
    const world = await open();
    await world.push(`${source}:1.0.0`);
    await world.push(`${source}:2.0.0`);
    const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    world.registry("docker.io").intercept = ({ path }) =>
      path.includes("/manifests/1.0.0")
        ? { respond: { status: 200, headers: { "content-type": type }, body: '{"schemaVersion":1}' } }
        : undefined;
    const { code, stderr } = await replicate(world, "mode: semver");
    expect(code).toBe(0);
    expect(stderr).toMatch(/1 image failed:\n.*image:1\.0\.0 .*schema 1/);
    expect(await world.tags(destination)).toEqual(["2.0.0"]);
  });
});
