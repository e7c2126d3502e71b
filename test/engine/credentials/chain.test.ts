import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { helperPrograms } from "./helper-programs.ts";
import { moduleUrl, runElsewhere } from "./other-process.ts";
import { createCredentialChain, type CredentialChainOptions } from "../../../engine/credentials/chain.ts";

let directory: string;
let podmanDirectory: string;
let brokenHome: string;
const config = (username: string, key = "r.example"): string =>
  JSON.stringify({ auths: { [key]: { auth: Buffer.from(`${username}:p`).toString("base64") } } });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "imagesync-credentials-"));
  await mkdir(join(directory, "home", ".docker"), { recursive: true });
  await mkdir(join(directory, "docker"));
  await writeFile(join(directory, "home", ".docker", "config.json"), config("home"));
  await writeFile(join(directory, "docker", "config.json"), config("docker"));
  await writeFile(join(directory, "auth.json"), config("auth"));
  await writeFile(join(directory, "home", ".dockercfg"), JSON.stringify({ "old.example": { auth: "b2xkOnA=" } }));
  for (const [base, name] of [
    ["run", "runtime"],
    ["config", "config"],
    ["home/.config", "home config"],
  ] as const) {
    await mkdir(join(directory, base, "containers"), { recursive: true });
    await writeFile(join(directory, base, "containers", "auth.json"), config(name));
  }
  await writeFile(join(directory, "broken.json"), `{"auths": "hidden-Canary`);
  await symlink("loop.json", join(directory, "loop.json"));
  podmanDirectory = join(directory, "podman");
  await mkdir(join(podmanDirectory, "containers", "auth.json"), { recursive: true });
  brokenHome = join(directory, "broken-home");
  await mkdir(join(brokenHome, ".config", "containers"), { recursive: true });
  await writeFile(join(brokenHome, ".config", "containers", "auth.json"), `\u0000hidden-Canary`);
});
afterAll(() => rm(directory, { recursive: true }));

async function user(options: Partial<CredentialChainOptions>, registry = "r.example", repository = "acme/app") {
  const found = await createCredentialChain({ environment: {}, ...options }).find(registry, repository);
  return found.credential.kind === "basic" ? found.credential.username : found.credential.kind;
}

test("each source is found, in this order", async () => {
  const path = (...names: string[]): string => join(directory, ...names);
  const environment: Record<string, string> = { HOME: path("home"), XDG_CONFIG_HOME: path("nothing") };
  expect(await user({ environment })).toBe("home");
  expect(await user({ environment }, "old.example")).toBe("old");
  environment["XDG_CONFIG_HOME"] = "";
  expect(await user({ environment })).toBe("home config");
  environment["XDG_CONFIG_HOME"] = path("config");
  expect(await user({ environment })).toBe("config");
  environment["XDG_RUNTIME_DIR"] = path("run");
  expect(await user({ environment })).toBe("runtime");
  expect(await user({ environment }, "old.example")).toBe("old");
  environment["DOCKER_CONFIG"] = path("docker");
  expect(await user({ environment })).toBe("docker");
  environment["REGISTRY_AUTH_FILE"] = path("auth.json");
  expect(await user({ environment })).toBe("auth");
  environment["DOCKER_AUTH_CONFIG"] = config("content");
  expect(await user({ environment })).toBe("content");
  environment["IMAGESYNC_CONFIG_FILE"] = "~/.docker/config.json";
  expect(await user({ environment })).toBe("home");
  environment["IMAGESYNC_CONFIG_FILE"] = path("auth.json");
  expect(await user({ environment })).toBe("auth");
  expect(await user({ environment, configFile: path("home", ".docker", "config.json") })).toBe("home");
  expect(await user({ environment, configFile: "~/.docker/config.json" })).toBe("home");
  expect(await user({ environment, configFile: path("auth.json"), configFileContent: config("given") })).toBe("given");
  const explicit = [
    { address: "r.example", credential: { kind: "basic", username: "explicit", password: "p" } },
  ] as const;
  expect(await user({ environment, explicit, configFileContent: config("given") })).toBe("explicit");
});

test("a source without the host is passed over, to the next one that has it", async () => {
  const environment = {
    DOCKER_AUTH_CONFIG: config("content", "other.example"),
    DOCKER_CONFIG: join(directory, "docker"),
  };
  expect(await user({ environment })).toBe("docker");
});

test("a given file replaces what the environment offers", async () => {
  const environment = { HOME: join(directory, "home") };
  expect(await user({ environment, configFileContent: config("given", "other.example") })).toBe("anonymous");
});

test("without any source, and with empty variables, requests are anonymous", async () => {
  expect(await user({})).toBe("anonymous");
  expect(
    await user({ environment: { HOME: join(directory, "nobody"), DOCKER_CONFIG: "", REGISTRY_AUTH_FILE: "" } }),
  ).toBe("anonymous");
});

test("of explicit logins the longest address wins, and authentication can be disabled", async () => {
  const login = (address: string) =>
    ({ address, credential: { kind: "basic", username: address, password: "p" } }) as const;
  const explicit = [
    login("r.example"),
    login("r.example/acme"),
    { address: "r.example/public", credential: { kind: "anonymous" } },
  ] as const;
  expect(await user({ explicit })).toBe("r.example/acme");
  expect(await user({ explicit }, "r.example", "else")).toBe("r.example");
  expect(await user({ explicit, configFileContent: config("file") }, "r.example", "public/app")).toBe("anonymous");
});

test("an explicit login for Docker Hub is found in all its spellings", async () => {
  for (const address of [
    "docker.io",
    "https://index.docker.io/v1/",
    "registry.hub.docker.com",
    "registry-1.docker.io",
  ]) {
    const explicit = [{ address, credential: { kind: "basic", username: "hub", password: "p" } }] as const;
    expect(await user({ explicit }, "docker.io", "library/nginx")).toBe("hub");
  }
});

test("an explicit address without a host is refused at once", () => {
  const explicit = [{ address: "https://", credential: { kind: "anonymous" } }] as const;
  expect(() => createCredentialChain({ environment: {}, explicit })).toThrow(
    expect.objectContaining({ code: "config", hint: expect.stringContaining("host") }),
  );
});

test("the origin names the file and the key, for messages", async () => {
  const chain = createCredentialChain({ environment: {}, configFile: join(directory, "auth.json") });
  expect((await chain.find("r.example", "acme/app")).origin).toBe(
    `docker config ${join(directory, "auth.json")} ("r.example")`,
  );
});

test.each([
  ["a named file that is missing", () => ({ configFile: join(directory, "missing.json") }), "does not exist"],
  [
    "a missing REGISTRY_AUTH_FILE",
    () => ({ environment: { REGISTRY_AUTH_FILE: join(directory, "none") } }),
    "does not exist",
  ],
  ["a broken file", () => ({ configFile: join(directory, "broken.json") }), "not valid JSON"],
  ["a directory in place of a file", () => ({ configFile: directory }), "EISDIR"],
  [
    "a missing IMAGESYNC_CONFIG_FILE",
    () => ({ environment: { IMAGESYNC_CONFIG_FILE: join(directory, "none") } }),
    "does not exist",
  ],
  ["a file of podman that is a directory", () => ({ environment: { XDG_RUNTIME_DIR: podmanDirectory } }), "EISDIR"],
  ["a link that leads to itself", () => ({ configFile: join(directory, "loop.json") }), "ELOOP"],
  ["a device that never ends", () => ({ configFile: "/dev/zero" }), "larger than"],
  ["a path that no file can have", () => ({ configFile: "a\0b" }), "ERR_INVALID_ARG_VALUE"],
  ["a broken file among others", () => ({ environment: { HOME: brokenHome } }), "auth.json"],
  ["broken DOCKER_AUTH_CONFIG", () => ({ environment: { DOCKER_AUTH_CONFIG: "hidden-Canary" } }), "DOCKER_AUTH_CONFIG"],
])("%s is an error, never an anonymous request", async (_, options, message) => {
  const chain = createCredentialChain({ environment: {}, ...options() });
  const error: unknown = await chain.find("r.example", "acme/app").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "credentials", message: expect.stringContaining(message) });
  expect(String(error)).not.toContain("hidden-Canary");
});

test("a file that was missing is found when it is there at the next request", async () => {
  const path = join(directory, "late.json");
  const chain = createCredentialChain({ environment: {}, configFile: path });
  await expect(chain.find("r.example", "acme/app")).rejects.toThrow("does not exist");
  await writeFile(path, config("late"));
  expect((await chain.find("r.example", "acme/app")).credential).toMatchObject({ username: "late" });
});

test("a stopped request finds nothing", async () => {
  const chain = createCredentialChain({ environment: {} });
  await expect(chain.find("r.example", "acme/app", AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
});

test("a file that this user may not read is an error that names it", async () => {
  await chmod(directory, 0o755);
  const path = join(directory, "secret.json");
  await writeFile(path, config("u"), { mode: 0o000 });
  const { output } = runElsewhere(`
    import { createCredentialChain } from ${moduleUrl("chain")};
    const chain = createCredentialChain({ environment: {}, configFile: ${JSON.stringify(path)} });
    const outcome = await chain.find("r.example", "acme/app").catch((error) => error);
    console.log(outcome.code, outcome.message, outcome.hint);
  `);
  const said = await output;
  expect(said).toContain(`credentials Cannot read the logins in ${path}: EACCES`);
  expect(said).toContain("Make the file readable for this user");
});

test("who sets DOCKER_CONFIG sees no other logins", async () => {
  const environment = { HOME: join(directory, "home"), DOCKER_CONFIG: join(directory, "nothing") };
  expect(await user({ environment })).toBe("anonymous");
});

test("an environment without a home and without variables leads to nobody's logins", async () => {
  expect(await user({ environment: {} })).toBe("anonymous");
});

test("a helper named in a file is asked, and one that has no login leaves the turn to the next source", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("good", "helped", "p");
  await programs.add("none", `echo "credentials not found in native keychain"; exit 1`);
  const { environment } = programs;
  const helpers = (name: string, more: object = {}): string =>
    JSON.stringify({ credHelpers: { "r.example": name }, ...more });
  expect(await user({ environment, configFileContent: helpers("good") })).toBe("helped");
  expect(await user({ environment, configFileContent: JSON.stringify({ credsStore: "good" }) })).toBe("helped");
  const auths = { "r.example": { auth: Buffer.from("written:p").toString("base64") } };
  expect(await user({ environment, configFileContent: helpers("none", { auths }) })).toBe("written");
  expect(
    await user({ environment, configFileContent: helpers("none"), configFile: join(directory, "auth.json") }),
  ).toBe("auth");
  expect(await user({ environment, configFileContent: helpers("none") })).toBe("anonymous");
});

test("a helper that fails is an error, whatever other sources have", async () => {
  const programs = await helperPrograms();
  await programs.add("broken", "exit 1");
  for (const name of ["broken", "missing", "../bad"]) {
    const chain = createCredentialChain({
      environment: programs.environment,
      configFileContent: JSON.stringify({ credHelpers: { "r.example": name } }),
      configFile: join(directory, "auth.json"),
    });
    await expect(chain.find("r.example", "acme/app")).rejects.toMatchObject({ code: "credentials" });
    expect((await chain.find("other.example", "acme/app")).credential).toEqual({ kind: "anonymous" });
  }
});

test("a helper is asked once for all repositories of a registry", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("good", "helped", "p");
  const chain = createCredentialChain({
    environment: programs.environment,
    configFileContent: JSON.stringify({ credsStore: "good" }),
  });
  await Promise.all(["a", "b", "c"].map((repository) => chain.find("r.example", repository)));
  await chain.find("r.example", "d");
  expect(await programs.asked()).toEqual(["good get r.example"]);
});

test("an explicit address may have a helper or a configuration of its own", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("good", "helped", "p");
  const { environment } = programs;
  const file = join(directory, "auth.json");
  const explicit = [
    { address: "r.example/helper", credential: { kind: "helper", name: "good" } },
    { address: "r.example/content", credential: { kind: "docker-config", content: config("content") } },
    { address: "r.example/file", credential: { kind: "docker-config", file } },
    { address: "r.example/both", credential: { kind: "docker-config", content: config("first"), file } },
    {
      address: "r.example/other",
      credential: { kind: "docker-config", content: config("other", "other.example"), file },
    },
  ] as const;
  const of = (path: string): Promise<string> => user({ environment, explicit }, "r.example", `${path}/app`);
  expect(await of("helper")).toBe("helped");
  expect(await of("content")).toBe("content");
  expect(await of("file")).toBe("auth");
  expect(await of("both")).toBe("first");
  expect(await of("other")).toBe("auth");
  expect(await of("else")).toBe("anonymous");
});

test.each([
  ["a configuration without the host", { kind: "docker-config", content: `{"auths": {}}` }, "docker config of team"],
  ["a helper without a login", { kind: "helper", name: "none" }, "credential helper none (team)"],
] as const)(
  "%s that was named for an address is an error, never an anonymous request",
  async (_, credential, named) => {
    const programs = await helperPrograms();
    await programs.add("none", `echo "credentials not found in native keychain"; exit 1`);
    const explicit = [{ address: "r.example", credential, origin: "team" }];
    const chain = createCredentialChain({ environment: programs.environment, explicit });
    await expect(chain.find("r.example", "acme/app")).rejects.toMatchObject({
      code: "credentials",
      message: expect.stringContaining(named),
      hint: expect.stringContaining("docker login r.example"),
    });
  },
);

test("where a login comes from can be told without telling the login", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("good", "user-Canary", "s3cret-Canary");
  const basic = { kind: "basic", username: "user-Canary", password: "s3cret-Canary" } as const;
  const path = join(directory, "mixed.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(config("u")), credHelpers: { "ecr.example": "good" } }));
  const chain = createCredentialChain({
    environment: programs.environment,
    configFile: path,
    explicit: [
      { address: "x.example/team", credential: basic, origin: "registry_auth x.example/team" },
      { address: "y.example", credential: basic },
      { address: "z.example", credential: { kind: "anonymous" }, origin: "registry_auth z.example" },
    ],
  });
  const described = async (registry: string): Promise<string> => chain.describe(registry, "team/app");
  expect(await described("r.example")).toBe(`docker config ${path} ("r.example")`);
  expect(await described("ecr.example")).toBe(`credential helper good (docker config ${path})`);
  expect(await described("x.example")).toBe("registry_auth x.example/team");
  expect(await described("y.example")).toBe('the login configured for "y.example"');
  expect(await described("z.example")).toBe("anonymous, by registry_auth z.example");
  expect(await described("none.example")).toBe("anonymous");
});
