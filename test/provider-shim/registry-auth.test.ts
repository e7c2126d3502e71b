import { expect, test } from "vitest";
import { objectValue, UNKNOWN, type Value } from "../../provider-shim/protocol/value.ts";
import { registryAuthBlock, registryLogin } from "../../provider-shim/registry-auth.ts";

const empty = Object.fromEntries(Object.keys(registryAuthBlock.block.attributes).map((name) => [name, null]));

function login(values: Readonly<Record<string, Value>>, environment: Readonly<Record<string, string>> = {}) {
  return registryLogin(objectValue({ ...empty, address: "r.example/team", ...values }), environment);
}

const credential = (values: Readonly<Record<string, Value>>, environment?: Readonly<Record<string, string>>) =>
  login(values, environment)?.credential;

test("a login is called by its block and address in messages", () => {
  expect(login({ auth_disabled: true })).toEqual({
    address: "r.example/team",
    credential: { kind: "anonymous" },
    origin: "registry_auth r.example/team",
  });
});

test.each<[string, Readonly<Record<string, Value>>, object]>([
  ["a password", { username: "u", password: "p" }, { kind: "basic", username: "u", password: "p" }],
  ["an identity token", { identity_token: "t" }, { kind: "identity-token", token: "t" }],
  ["a registry token", { registry_token: "t" }, { kind: "registry-token", token: "t" }],
  ["a helper", { credential_helper: "ecr-login" }, { kind: "helper", name: "ecr-login" }],
  ["a file", { config_file: "/x" }, { kind: "docker-config", content: undefined, file: "/x" }],
  [
    "a content and a file",
    { config_file_content: "{}", config_file: "/x" },
    { kind: "docker-config", content: "{}", file: "/x" },
  ],
  [
    "a password before a file",
    { username: "u", password: "p", config_file: "/x" },
    { kind: "basic", username: "u", password: "p" },
  ],
  [
    "a token before a content",
    { registry_token: "t", config_file_content: "{}" },
    { kind: "registry-token", token: "t" },
  ],
  ["a helper before a file", { credential_helper: "x", config_file: "/x" }, { kind: "helper", name: "x" }],
])("%s is used", (_, values, expected) => {
  expect(credential(values)).toEqual(expected);
});

const ours = { IMAGESYNC_REGISTRY_USER: "our-user", IMAGESYNC_REGISTRY_PASS: "our-pass" };
const dockers = { DOCKER_REGISTRY_USER: "docker-user", DOCKER_REGISTRY_PASS: "docker-pass" };
const basic = (username: string, password: string) => ({ kind: "basic", username, password });

test("what a block leaves out of a user name and password comes from the environment, ours first", () => {
  expect(credential({}, dockers)).toEqual(basic("docker-user", "docker-pass"));
  expect(credential({}, { ...dockers, ...ours })).toEqual(basic("our-user", "our-pass"));
  expect(credential({}, { ...ours, IMAGESYNC_REGISTRY_USER: "", DOCKER_REGISTRY_USER: "x" })).toEqual(
    basic("x", "our-pass"),
  );
  expect(credential({ username: "u" }, ours)).toEqual(basic("u", "our-pass"));
  expect(credential({ password: "p" }, ours)).toEqual(basic("our-user", "p"));
  expect(credential({ username: "u", password: "p" }, ours)).toEqual(basic("u", "p"));
});

test("the environment's password is not used where a block names another login, or none", () => {
  expect(credential({ auth_disabled: true }, ours)).toEqual({ kind: "anonymous" });
  expect(credential({ registry_token: "t" }, ours)).toMatchObject({ kind: "registry-token" });
  expect(credential({ credential_helper: "x" }, ours)).toMatchObject({ kind: "helper" });
  expect(credential({ config_file: "/x" }, ours)).toMatchObject({ kind: "docker-config" });
});

test("a block whose address is not known yet is no login", () => {
  expect(login({ address: UNKNOWN, username: "u", password: "p" })).toBeUndefined();
});
