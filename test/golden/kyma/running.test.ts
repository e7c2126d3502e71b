import { describe, expect, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { openWorld } from "../world.ts";
import { gcr, key, openKyma, type KymaWorld } from "./stage.ts";

const below = `${gcr}/kyma-project/external`;

async function open(): Promise<KymaWorld & { readonly images: string }> {
  const world = await openKyma();
  await world.push("docker.io/bitnami/redis:1");
  return { ...world, images: await world.list("- source: bitnami/redis:1") };
}

const copied = async (world: KymaWorld): Promise<boolean> =>
  (await world.digest(`${below}/bitnami/redis:1`)) !== undefined;

describe("Kyma's image-syncer, how it is called", () => {
  test.each(["-i", "--images-file"])("K2 %s names the list", async (flag) => {
    const world = await open();
    expect(await world.sync(flag, world.images)).toMatchObject({ code: 0 });
  });

  test("K2 without a list nothing is done", async () => {
    const { code, stderr } = await (await open()).sync();
    expect(code).toBe(1);
    expect(stderr).toContain("Give it with --images-file");
  });

  test.each(["-t", "--target-key-file", "--target-repo-auth-key"])(
    "K3 %s names a key file, which is sent as it is as the password of _json_key",
    async (flag) => {
      const world = await open();
      const { code, stdout, stderr } = await world.run([
        "kyma",
        flag,
        world.key,
        "-i",
        world.images,
        "-d=false",
        "--debug",
      ]);
      expect(code).toBe(0);
      expect(await copied(world)).toBe(true);
      expect(stdout + stderr).not.toContain("secret-Canary");
    },
  );

  test("K3 an access token is sent as it is, and the key file goes before it", async () => {
    const registry = await startRegistry({ auth: { kind: "token", users: { _json_key: key } } });
    try {
      const world = await openWorld({ "docker.io": {} }, { [gcr]: registry.host });
      await world.push("docker.io/bitnami/redis:1");
      const list = await world.write("l.yaml", `targetRepoPrefix: ${gcr}/x/`, "images:", "- source: bitnami/redis:1");
      const scope = "repository:x/bitnami/redis:pull,push";
      const authorization = `Basic ${Buffer.from(`_json_key:${key}`).toString("base64")}`;
      const answer = await fetch(`${registry.url}/token?scope=${scope}`, { headers: { authorization } });
      const { token } = (await answer.json()) as { token: string };
      const flags = ["kyma", "-i", list, "--dry-run=false"];
      const { code, stdout, stderr } = await world.run([...flags, "-a", token, "--debug"]);
      expect(code).toBe(0);
      expect(registry.counts()).toMatchObject({ "PUT manifest": 1 });
      expect(stdout + stderr).not.toContain(token);
      expect((await world.run(flags, { SYNCER_ACCESS_TOKEN: token })).code).toBe(0);
      const wrong = await world.write("wrong.json", "wrong");
      expect((await world.run([...flags, "-a", token, "-t", wrong])).code).toBe(1);
    } finally {
      await registry.close();
    }
  });

  test.each([
    [[], "There is no login for the destination"],
    [["-t", "nowhere.json"], 'The key file "nowhere.json" cannot be read'],
  ])("K3 without a login nothing is asked of anybody: %j", async (flags, reason) => {
    const world = await open();
    world.registry("docker.io").resetCounts();
    const { code, stderr } = await world.run(["kyma", "-i", world.images, ...flags]);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
    expect(world.registry("docker.io").requests).toEqual([]);
  });

  test.each([
    ["an empty file", "", "is empty or too large"],
    ["a file that is no key but anything", "é".repeat(40_000), "is empty or too large"],
  ])("K3 %s is refused as a key", async (_, content, reason) => {
    const world = await open();
    const { code, stderr } = await world.run(["kyma", "-i", world.images, "-t", await world.write("no.json", content)]);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });

  test("K3 a folder is refused as a key", async () => {
    const world = await open();
    const { code, stderr } = await world.run(["kyma", "-i", world.images, "-t", world.file(".")]);
    expect(code).toBe(1);
    expect(stderr).toContain("cannot be read");
  });

  test("K3 the key is for the destination: sources in the same registry are read as ever", async () => {
    const world = await openKyma({ "registry.example.com": { auth: { kind: "basic", users: { reader: "r" } } } });
    await world.push("registry.example.com/app:1");
    const list = await world.write(
      "l.yaml",
      "targetRepoPrefix: registry.example.com/mirror/",
      "images:",
      "- source: registry.example.com/app:1",
    );
    const auth = Buffer.from("reader:r").toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "registry.example.com": { auth } } }) };
    const { code, stderr } = await world.run(["kyma", "-i", list, "-t", world.key, "-d=false"], login);
    expect(code).toBe(1);
    const users = world.registry("registry.example.com").requests;
    expect(users.filter(({ path, status }) => path.startsWith("/v2/app/") && status === 200)).not.toEqual([]);
    // The registry does not know the key, which is said of the destination.
    expect(stderr).toContain("registry.example.com/mirror/registry.example.com/app:1");
  });

  test.each([
    [[], {}, false],
    [["-d"], {}, false],
    [["--dry-run"], {}, false],
    [["--dry-run=false"], {}, true],
    [["-d=false"], {}, true],
    [["-d=0"], {}, true],
    [[], { SYNCER_DRY_RUN: "false" }, true],
    [["--dry-run"], { SYNCER_DRY_RUN: "false" }, false],
    [["--dry-run=false"], { SYNCER_DRY_RUN: "true" }, true],
    [["--dry-run=false", "-d"], {}, false],
  ])("K4 it is a dry run unless it is told otherwise: %j %j", async (flags, environment, written) => {
    const world = await open();
    const { code } = await world.run(["kyma", "-t", world.key, "-i", world.images, ...flags], environment);
    expect(code).toBe(0);
    expect(await copied(world)).toBe(written);
  });

  test.each([
    [["--dry-run", "false"], {}],
    [["--dry-run=no"], {}],
    [[], { SYNCER_DRY_RUN: "no" }],
  ])("K4 what is neither true nor false writes nothing and ends with 1: %j %j", async (flags, environment) => {
    const world = await open();
    const { code } = await world.run(["kyma", "-t", world.key, "-i", world.images, ...flags], environment);
    expect(code).toBe(1);
    expect(world.writes(gcr)).toEqual([]);
  });

  test.each([
    ["an image that is missing at the source", "- source: bitnami/none:1", 1],
    ["an image that is another one at the destination", "- source: bitnami/moved:1", 1],
    ["nothing that is wrong", "- source: bitnami/redis:1", 0],
    ["no images", "", 0],
  ])("K12 it ends with 0 or 1, dry or not: %s", async (_, image, expected) => {
    const world = await open();
    await world.push("docker.io/bitnami/moved:1", "new");
    await world.push(`${below}/bitnami/moved:1`, "old");
    const list = await world.list(image);
    expect((await world.sync("-i", list)).code).toBe(expected);
    expect((await world.sync("-i", list, "--dry-run=false")).code).toBe(expected);
  });

  test.each([[["--no-such-flag"]], [["-x"]], [["-c", "file"]], [["-i"]], [["--debug=perhaps"]], [["more"]]])(
    "K12 a wrong command line ends it with 1: %j",
    async (flags) => {
      const world = await open();
      expect((await world.sync("-i", world.images, ...flags)).code).toBe(1);
    },
  );

  test("K12 of a flag that is given twice the last one counts", async () => {
    const world = await open();
    expect((await world.sync("-i", world.file("nowhere"), "-i", world.images)).code).toBe(0);
  });

  test("K13 a dry run reads manifests and no content, and writes nothing", async () => {
    const world = await open();
    world.registry("docker.io").resetCounts();
    world.registry(gcr).resetCounts();
    const { code, stdout, stderr } = await world.sync("-i", world.images);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^To copy: 1 image/);
    expect(stderr).toContain("Dry run: nothing is written");
    expect(world.writes(gcr)).toEqual([]);
    expect(Object.keys(world.registry("docker.io").counts()).filter((sort) => sort.includes("blob"))).toEqual([]);
  });

  test("K15 every flag has its variable", async () => {
    const world = await open();
    const prefix = `${gcr}/variable/`;
    const { code, stderr } = await world.run(["kyma"], {
      SYNCER_IMAGES_FILE: world.images,
      SYNCER_TARGET_KEY_FILE: world.key,
      SYNCER_DRY_RUN: "false",
      SYNCER_DEBUG: "true",
      SYNCER_TARGET_REPO_PREFIX: prefix,
    });
    expect(code).toBe(0);
    expect(await world.tags(`${gcr}/variable/bitnami/redis`)).toEqual(["1"]);
    // Blobs are told of by who tells everything.
    expect(stderr).toMatch(/^blob sha256:/m);
    const later = { SYNCER_IMAGES_FILE: world.images, SYNCER_TARGET_REPO_AUTH_KEY: world.key };
    expect((await world.run(["kyma"], later)).code).toBe(0);
  });

  test("K15 a flag goes before its variable, and an empty variable is none", async () => {
    const world = await open();
    const nowhere = { SYNCER_IMAGES_FILE: "nowhere.yaml", SYNCER_TARGET_KEY_FILE: "nowhere.json", SYNCER_DRY_RUN: "" };
    expect((await world.run(["kyma", "-i", world.images, "-t", world.key], nowhere)).code).toBe(0);
    expect(world.writes(gcr)).toEqual([]);
  });

  test("K16 a pull request's job reads with a login that cannot write, a push's job writes", async () => {
    const world = await openKyma({
      "registry.example.com": {
        auth: {
          kind: "basic",
          users: { _json_key: key },
          allow: (_, repository, action) => action === "pull" && repository.startsWith("external/"),
        },
      },
    });
    await world.push("docker.io/bitnami/redis:1");
    const list = await world.write("l.yaml", "images:", "- source: bitnami/redis:1");
    const job = ["-i", list, "-r", "registry.example.com/external/"];
    expect((await world.sync(...job, "--dry-run=true")).code).toBe(0);
    const refused = await world.sync(...job, "--dry-run=false");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("1 image failed");
    const writer = ["-i", list, "-r", `${gcr}/external/`];
    expect((await world.sync(...writer, "--dry-run=false")).code).toBe(0);
    expect(await world.tags(`${gcr}/external/bitnami/redis`)).toEqual(["1"]);
  });

  test("a tag that moves while a run is under way is copied as it was when it was looked at", async () => {
    const world = await open();
    const first = await world.digest("docker.io/bitnami/redis:1");
    const hub = world.registry("docker.io");
    // The tag has been looked at; before anything is read by its digest it moves.
    hub.intercept = ({ path }) => {
      if (!path.includes("/manifests/sha256:")) return undefined;
      hub.intercept = undefined;
      return { until: world.push("docker.io/bitnami/redis:1", "moved") };
    };
    expect((await world.sync("-i", world.images, "--dry-run=false")).code).toBe(0);
    expect(await world.digest("docker.io/bitnami/redis:1")).not.toBe(first);
    expect(await world.digest(`${below}/bitnami/redis:1`)).toBe(first);
  });
});
