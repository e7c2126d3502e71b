import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import { accessKey, startAmazon } from "../../support/clouds/amazon.ts";
import { startGoogle } from "../../support/clouds/google.ts";
import { openWorld, type World } from "../world.ts";

/** A world with one image, a configuration for it, and one for an image that does not exist. */
async function open(host = "gcr.io", options: RegistryOptions = {}): Promise<World & Record<"good" | "bad", string>> {
  const world = await openWorld({ "docker.io": {}, [host]: options });
  await world.push("docker.io/project/image:1.0.0");
  const lines = (name: string): string[] => [
    `  ${name}:`,
    `    source: docker.io/project/${name}`,
    `    destination: ${host}/private-repo/${name}`,
  ];
  const good = await world.write("good.yaml", "images:", ...lines("image"));
  const bad = await world.write("bad.yaml", "images:", ...lines("none"), ...lines("image"));
  return { ...world, good, bad };
}

const copied = "gcr.io/private-repo/image";

describe("replicant, how it is called", () => {
  test.each([["-c"], ["--config-file"]])("R12 %s names the configuration", async (flag) => {
    const world = await open();
    expect((await world.run(["replicant", flag, world.good])).code).toBe(0);
    expect(await world.tags(copied)).toEqual(["1.0.0"]);
  });

  test.each(["REPLICANT_CONFIG_FILE", "REPLICANT_CONFIG"])("R12 %s names the configuration", async (name) => {
    const world = await open();
    expect((await world.run(["replicant"], { [name]: world.good })).code).toBe(0);
    expect(await world.tags(copied)).toEqual(["1.0.0"]);
  });

  test("R12 a flag goes before its variable, that before the chart's, and an empty one is none", async () => {
    const world = await open();
    const nowhere = world.file("nowhere.yaml");
    const { code } = await world.run(["replicant", "-c", world.good], { REPLICANT_CONFIG_FILE: nowhere });
    expect(code).toBe(0);
    const variables = { REPLICANT_CONFIG_FILE: world.good, REPLICANT_CONFIG: nowhere };
    expect((await world.run(["replicant"], variables)).code).toBe(0);
    const empty = { REPLICANT_CONFIG_FILE: "", REPLICANT_CONFIG: world.good };
    expect((await world.run(["replicant"], empty)).code).toBe(0);
  });

  test("R12 the configuration is /config/replicant.yaml where nobody says", async () => {
    const world = await open();
    const { code, stderr } = await world.run(["replicant"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot read /config/replicant.yaml");
  });

  test("R12 -d, --debug and REPLICANT_DEBUG tell more, on standard error", async () => {
    const world = await open();
    await world.run(["replicant", "-c", world.good]);
    const usual = await world.run(["replicant", "-c", world.good]);
    const loud = await Promise.all([
      world.run(["replicant", "-c", world.good, "-d"]),
      world.run(["replicant", "-c", world.good, "--debug=true"]),
      world.run(["replicant", "-c", world.good], { REPLICANT_DEBUG: "true" }),
    ]);
    for (const { code, stdout, stderr } of loud) {
      expect({ code, stdout }).toEqual({ code: 0, stdout: usual.stdout });
      expect(stderr).toContain("docker.io/project/image:1.0.0");
      expect(usual.stderr).not.toContain("docker.io/project/image:1.0.0");
    }
    const quiet = await world.run(["replicant", "-c", world.good, "--debug=false"], { REPLICANT_DEBUG: "true" });
    expect(quiet.stderr.split("\n")).toHaveLength(usual.stderr.split("\n").length);
  });

  test("R13 it ends with 0 although images have failed, says so, and has done the others", async () => {
    const world = await open();
    const { code, stderr } = await world.run(["replicant", "-c", world.bad]);
    expect(code).toBe(0);
    expect(stderr).toContain("failed:\n");
    expect(stderr).toContain("It ends with 0 all the same, as replicant does");
    expect(await world.tags(copied)).toEqual(["1.0.0"]);
  });

  test.each([["-e"], ["--exit-on-error"], ["-de"]])("R13 with %s a failure ends it with 1", async (flag) => {
    const world = await open();
    expect((await world.run(["replicant", flag, "-c", world.bad])).code).toBe(1);
    expect((await world.run(["replicant", flag, "-c", world.good])).code).toBe(0);
  });

  test("R13 REPLICANT_EXIT_ON_ERROR does the same, and begins nothing after the failure", async () => {
    const world = await open();
    const { code } = await world.run(["replicant", "-c", world.bad], { REPLICANT_EXIT_ON_ERROR: "true" });
    expect(code).toBe(1);
    expect(await world.tags(copied)).toEqual([]);
    const given = ["replicant", "-c", world.bad, "--exit-on-error=false"];
    expect((await world.run(given, { REPLICANT_EXIT_ON_ERROR: "true" })).code).toBe(0);
  });

  test.each([
    [
      "an invalid mode",
      "images:\n  a:\n    source: a\n    destination: gcr.io/b/a\n    mode: heighest",
      'did you mean "highest"',
    ],
    ["no images", "mode: all", '"images" is missing'],
    ["no YAML", "images: [", "no.yaml:"],
  ])("R13 %s ends it with 1 before anything is asked, whatever -e says", async (_, content, reason) => {
    const world = await open();
    const file = await world.write("no.yaml", content);
    world.registry("docker.io").resetCounts();
    for (const more of [[], ["-e"]]) {
      const { code, stderr } = await world.run(["replicant", "-c", file, ...more]);
      expect(code).toBe(1);
      expect(stderr).toContain(reason);
    }
    expect(world.registry("docker.io").requests).toEqual([]);
  });

  test.each([
    [["--no-such-flag"], "unknown option '--no-such-flag'"],
    [["-x"], "unknown option '-x'"],
    [["-c"], "argument missing"],
    [["--debug=perhaps"], "Write =true or =false"],
    [["--exit-on-error", "false"], 'a switch takes its value behind "="; write --exit-on-error=false'],
  ])("R13 a wrong command line ends it with 1: %j", async (flags, reason) => {
    const world = await open();
    const { code, stderr } = await world.run(["replicant", ...flags]);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });

  test("R13 a variable that is neither true nor false ends it with 1, where replicant takes it for false", async () => {
    const world = await open();
    const { code, stderr } = await world.run(["replicant", "-c", world.good], { REPLICANT_EXIT_ON_ERROR: "yes" });
    expect(code).toBe(1);
    expect(stderr).toContain("REPLICANT_EXIT_ON_ERROR is neither true nor false");
  });

  test("R13 of a flag that is given twice the last one counts", async () => {
    const world = await open();
    expect((await world.run(["replicant", "-c", world.file("nowhere"), "-c", world.good])).code).toBe(0);
    expect((await world.run(["replicant", "-e", "--exit-on-error=false", "-c", world.bad])).code).toBe(0);
  });

  test("R13 help is no mistake", async () => {
    const world = await open();
    const { code, stdout } = await world.run(["replicant", "--help"]);
    expect(code).toBe(0);
    for (const word of ["REPLICANT_CONFIG_FILE", "REPLICANT_DEBUG", "REPLICANT_EXIT_ON_ERROR"]) {
      expect(stdout).toContain(word);
    }
  });

  test("R16 a configuration that cannot be opened ends it with 1, where replicant crashes", async () => {
    const world = await open();
    const { code, stderr } = await world.run(["replicant", "-c", world.file("nowhere.yaml")]);
    expect(code).toBe(1);
    expect(stderr).toContain("there is no such file");
  });
});

describe("replicant, with which logins", () => {
  test("R15 Azure's registries take the service principal of AZURE_SP_ID and AZURE_SP_PASSWORD", async () => {
    const users = { principal: "secret:of azure" };
    const world = await open("example.azurecr.io", { auth: { kind: "basic", users } });
    const login = { AZURE_SP_ID: "principal", AZURE_SP_PASSWORD: users.principal };
    const { code, stderr, stdout } = await world.run(["replicant", "-dc", world.good], login);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(stdout + stderr).not.toContain(users.principal);
    expect(await world.tags("example.azurecr.io/private-repo/image")).toEqual(["1.0.0"]);
  });

  test("R15 Amazon's registries take a token that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY get", async () => {
    await using amazon = await startAmazon();
    const warned = vi.spyOn(console, "warn");
    onTestFinished(() => warned.mockRestore());
    const host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    const world = await open(host, { auth: { kind: "basic", users: { AWS: "password-1-eu-central-1" } } });
    const { code, stderr } = await world.run(["replicant", "-c", world.good], {
      AWS_ENDPOINT_URL_ECR: amazon.url,
      AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
      AWS_DEFAULT_REGION: "eu-west-1",
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(await world.tags(`${host}/private-repo/image`)).toEqual(["1.0.0"]);
    // Amazon's SDK has words of its own for people, of which they need none.
    expect(warned).not.toHaveBeenCalled();
  });

  test.each(["eu.gcr.io", "europe-docker.pkg.dev"])(
    "R15 R11 Google's registries take application default credentials: %s",
    async (host) => {
      await using google = await startGoogle();
      const users = { oauth2accesstoken: "ya29.c.Token-1" };
      const world = await open(host, { auth: { kind: "basic", users } });
      const key = await world.write("key.json", JSON.stringify(google.external));
      const login = { GOOGLE_APPLICATION_CREDENTIALS: key };
      const { code, stderr } = await world.run(["replicant", "-c", world.good], login);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
      expect(await world.tags(`${host}/private-repo/image`)).toEqual(["1.0.0"]);
    },
  );

  test("R15 a public repository of a cloud needs no login, where replicant asks for one", async () => {
    const world = await openWorld({ "gcr.io": {}, "registry.example.com": {} });
    await world.push("gcr.io/project/image:1.0.0");
    const ends = ["    source: gcr.io/project/image", "    destination: registry.example.com/image"];
    const file = await world.write("replicant.yaml", "images:", "  image:", ...ends);
    expect((await world.run(["replicant", "-c", file])).code).toBe(0);
    expect(await world.tags("registry.example.com/image")).toEqual(["1.0.0"]);
  });

  test("R15 R13 a login that is incomplete or refused ends it with 1, without -e too", async () => {
    const world = await open("example.azurecr.io", { auth: { kind: "basic", users: { principal: "right" } } });
    const half = await world.run(["replicant", "-c", world.good], { AZURE_SP_ID: "principal" });
    expect(half.code).toBe(1);
    expect(half.stderr).toContain("AZURE_SP_PASSWORD is not set");
    const wrong = { AZURE_SP_ID: "principal", AZURE_SP_PASSWORD: "wrong-Canary" };
    const refused = await world.run(["replicant", "-c", world.good], wrong);
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toContain("wrong-Canary");
    expect(await world.tags("example.azurecr.io/private-repo/image")).toEqual([]);
  });

  test("R15 other registries take the logins of docker, which replicant has none for", async () => {
    const users = { robot: "secret" };
    const world = await open("registry.example.com", { auth: { kind: "basic", users } });
    const auth = Buffer.from("robot:secret").toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "registry.example.com": { auth } } }) };
    expect((await world.run(["replicant", "-c", world.good], login)).code).toBe(0);
    expect(await world.tags("registry.example.com/private-repo/image")).toEqual(["1.0.0"]);
  });
});
