import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCredentialChain, type CredentialChainOptions } from "../../../engine/credentials/chain.ts";

let directory: string;
const config = (username: string, key = "r.example"): string =>
  JSON.stringify({ auths: { [key]: { auth: Buffer.from(`${username}:p`).toString("base64") } } });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "imagesync-credentials-"));
  await mkdir(join(directory, "home", ".docker"), { recursive: true });
  await mkdir(join(directory, "docker"));
  await writeFile(join(directory, "home", ".docker", "config.json"), config("home"));
  await writeFile(join(directory, "docker", "config.json"), config("docker"));
  await writeFile(join(directory, "auth.json"), config("auth"));
  await writeFile(join(directory, "broken.json"), `{"auths": "hidden-Canary`);
});
afterAll(() => rm(directory, { recursive: true }));

async function user(options: Partial<CredentialChainOptions>, registry = "r.example", repository = "acme/app") {
  const found = await createCredentialChain({ environment: {}, ...options }).find(registry, repository);
  return found.credential.kind === "basic" ? found.credential.username : found.credential.kind;
}

test("each source is found, in this order", async () => {
  const path = (...names: string[]): string => join(directory, ...names);
  const environment: Record<string, string> = { HOME: path("home") };
  expect(await user({ environment })).toBe("home");
  environment["DOCKER_CONFIG"] = path("docker");
  expect(await user({ environment })).toBe("docker");
  environment["REGISTRY_AUTH_FILE"] = path("auth.json");
  expect(await user({ environment })).toBe("auth");
  environment["DOCKER_AUTH_CONFIG"] = config("content");
  expect(await user({ environment })).toBe("content");
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
