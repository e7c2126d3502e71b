import { describe, expect, test } from "vitest";
import { buildImage, buildPlatformIndex, fetchTree } from "../../support/images/index.ts";
import { basicAuthorization } from "../../support/registries/index.ts";
import { garPrefix, gcr, key, openKyma } from "./stage.ts";

const below = `${gcr}/kyma-project/external`;
const write = "--dry-run=false";

describe("Kyma's image-syncer, where an image goes", () => {
  test("K5 targetRepoPrefix and the source are joined as they are, without a slash of ours", async () => {
    const world = await openKyma();
    await world.push("docker.io/library/busybox:1.31.1");
    const list = await world.write(
      "l.yaml",
      `targetRepoPrefix: ${gcr}/kyma/ext-`,
      "images:",
      "- source: busybox:1.31.1",
    );
    expect((await world.sync("-i", list, write)).code).toBe(0);
    expect(await world.tags(`${gcr}/kyma/ext-busybox`)).toEqual(["1.31.1"]);
  });

  test.each([
    ["-r", ["-r", `${gcr}/flag/`], {}, `${gcr}/flag`],
    ["--target-repo-prefix", ["--target-repo-prefix", `${gcr}/flag/`], {}, `${gcr}/flag`],
    ["a variable", [], { SYNCER_TARGET_REPO_PREFIX: `${gcr}/variable/` }, `${gcr}/variable`],
    ["nobody", [], {}, garPrefix],
  ])("K5 the prefix of a list without one is said by %s", async (_, flags, environment, prefix) => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/redis:1");
    const list = await world.write("l.yaml", "images:", "- source: bitnami/redis:1");
    const { code } = await world.run(["kyma", "-t", world.key, "-i", list, write, ...flags], environment);
    expect(code).toBe(0);
    expect(await world.tags(`${prefix}/bitnami/redis`)).toEqual(["1"]);
  });

  test("K5 a flag goes before what the list says", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/redis:1");
    const list = await world.list("- source: bitnami/redis:1");
    expect((await world.sync("-i", list, write, "-r", `${gcr}/flag/`)).code).toBe(0);
    expect(await world.tags(`${gcr}/flag/bitnami/redis`)).toEqual(["1"]);
  });

  test("K5 an empty prefix is a mistake", async () => {
    const world = await openKyma();
    const list = await world.write("l.yaml", 'targetRepoPrefix: ""', "images:", "- source: bitnami/redis:1");
    const { code, stderr } = await world.sync("-i", list, write);
    expect(code).toBe(1);
    expect(stderr).toContain('l.yaml:1:1: "targetRepoPrefix" is missing');
  });

  test("K6 the first age keeps a name as it is written, the later one gives a short name its library/", async () => {
    const world = await openKyma();
    await world.push("docker.io/library/busybox:1.31.1");
    expect((await world.sync("-i", await world.list("- source: busybox:1.31.1"), write)).code).toBe(0);
    expect(await world.tags(`${below}/busybox`)).toEqual(["1.31.1"]);
    const later = await world.write("later.yaml", "images:", "- source: busybox:1.31.1");
    expect((await world.sync("-i", later, write)).code).toBe(0);
    expect(await world.tags(`${garPrefix}/library/busybox`)).toEqual(["1.31.1"]);
  });

  test("K6 the registry of a source becomes a part of the name", async () => {
    const world = await openKyma({ "quay.io": {} });
    await world.push("quay.io/coreos/etcd:v3.5.0");
    expect((await world.sync("-i", await world.list("- source: quay.io/coreos/etcd:v3.5.0"), write)).code).toBe(0);
    expect(await world.tags(`${below}/quay.io/coreos/etcd`)).toEqual(["v3.5.0"]);
  });

  test("K7 a source by digest is put under its tag, and without one the list is refused", async () => {
    const world = await openKyma();
    const digest = await world.push("docker.io/library/busybox:1.32.0");
    const named = await world.list(`- source: busybox@${digest}`, "  tag: 1.32.0-v1");
    expect((await world.sync("-i", named, write)).code).toBe(0);
    expect(await world.digest(`${below}/busybox:1.32.0-v1`)).toBe(digest);
    const { code, stderr } = await world.sync("-i", await world.list(`- source: busybox@${digest}`), write);
    expect(code).toBe(1);
    expect(stderr).toContain('say in "tag" what it shall be called');
  });

  test("K7 a tag in the list renames a source by tag too", async () => {
    const world = await openKyma();
    const digest = await world.push("docker.io/bitnami/redis:1");
    const list = await world.list("- source: bitnami/redis:1", "  tag: one");
    expect((await world.sync("-i", list, write)).code).toBe(0);
    expect(await world.tags(`${below}/bitnami/redis`)).toEqual(["one"]);
    expect(await world.digest(`${below}/bitnami/redis:one`)).toBe(digest);
  });
});

describe("Kyma's image-syncer, what happens to an image", () => {
  const same = buildImage({ seed: "same", layers: [100] });
  const again = buildImage({ seed: "same", layers: [100], annotations: { built: "again" } });

  test("K8 the first age compares image IDs, the later one digests", async () => {
    const world = await openKyma();
    await world.push("docker.io/library/busybox:1", again);
    await world.push(`${below}/busybox:1`, same);
    await world.push(`${garPrefix}/library/busybox:1`, same);
    expect((await world.sync("-i", await world.list("- source: busybox:1"), write)).code).toBe(0);
    const later = await world.write("later.yaml", "images:", "- source: busybox:1");
    const { code, stderr } = await world.sync("-i", later, write);
    expect(code).toBe(1);
    expect(stderr).toContain("1 conflict:");
    for (const image of [`${below}/busybox:1`, `${garPrefix}/library/busybox:1`]) {
      expect(await world.digest(image)).toBe(same.digest);
    }
  });

  test("K9 a conflict keeps the tag, is told with both digests, and stops no other image", async () => {
    const world = await openKyma();
    const moved = await world.push("docker.io/bitnami/moved:1", "new");
    const old = await world.push(`${below}/bitnami/moved:1`, "old");
    await world.push("docker.io/bitnami/redis:1");
    const list = await world.list("- source: bitnami/moved:1", "- source: bitnami/redis:1");
    const { code, stderr } = await world.sync("-i", list, write);
    expect(code).toBe(1);
    expect(stderr).toContain("1 conflict:");
    expect(stderr).toContain(moved);
    expect(stderr).toContain(old);
    expect(await world.digest(`${below}/bitnami/moved:1`)).toBe(old);
    expect(await world.tags(`${below}/bitnami/redis`)).toEqual(["1"]);
  });

  test("K9 --fail-fast begins nothing after a failure, as image-syncer does", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/redis:1");
    const list = await world.list("- source: bitnami/none:1", "- source: bitnami/redis:1");
    expect((await world.sync("-i", list, write, "--fail-fast")).code).toBe(1);
    expect(await world.tags(`${below}/bitnami/redis`)).toEqual([]);
    expect((await world.sync("-i", list, write)).code).toBe(1);
    expect(await world.tags(`${below}/bitnami/redis`)).toEqual(["1"]);
  });

  test("K10 an index is copied whole in both ages, an image alone as it is, with and without amd64Only", async () => {
    const world = await openKyma();
    const index = buildPlatformIndex({ seed: "index", layers: [300] });
    await world.push("docker.io/bitnami/index:1", index);
    const alone = await world.push("docker.io/bitnami/alone:1");
    const images = ["- source: bitnami/index:1", "  amd64Only: true", "- source: bitnami/alone:1"];
    expect((await world.sync("-i", await world.list(...images), write)).code).toBe(0);
    const endpoint = { ...world.registry(gcr), headers: { authorization: basicAuthorization(json) } };
    const copied = await fetchTree(endpoint, "kyma-project/external/bitnami/index", "1");
    expect(copied.digest).toBe(index.digest);
    expect(Object.keys(copied.manifests)).toHaveLength(1 + index.children.length);
    expect(await world.digest(`${below}/bitnami/alone:1`)).toBe(alone);
  });

  test("K11 sign is answered by a warning: nothing is signed", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/redis:1");
    const { code, stderr } = await world.sync(
      "-i",
      await world.list("- source: bitnami/redis:1", "  sign: true"),
      write,
    );
    expect(code).toBe(0);
    expect(stderr).toContain("images are not signed here");
  });

  test("K14 only 404 means that an image is missing, whatever words another answer has", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/redis:1");
    world.registry(gcr).intercept = ({ kind, method }) => {
      const body = '{"errors":[{"code":"DENIED","message":"repository not found: manifest unknown"}]}';
      return kind === "manifest" && method !== "PUT" ? { respond: { status: 403, body } } : undefined;
    };
    const { code } = await world.sync("-i", await world.list("- source: bitnami/redis:1"), write);
    expect(code).toBe(1);
    expect(world.writes(gcr)).toEqual([]);
  });
});

const json = { user: "_json_key", password: key };
