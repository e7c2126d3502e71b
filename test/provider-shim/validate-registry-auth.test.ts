import { expect, test } from "vitest";
import { attributePath, Diagnostics, formatPath } from "../../provider-shim/protocol/diagnostics.ts";
import { objectValue, UNKNOWN, type Value } from "../../provider-shim/protocol/value.ts";
import { registryAuthBlock } from "../../provider-shim/registry-auth.ts";
import { validateLoginAddresses, validateRegistryAuth } from "../../provider-shim/validate-registry-auth.ts";

const empty = Object.fromEntries(Object.keys(registryAuthBlock.block.attributes).map((name) => [name, null]));

function findings(values: Readonly<Record<string, Value>>, environment: Readonly<Record<string, string>> = {}) {
  const diagnostics = new Diagnostics();
  const block = objectValue({ ...empty, address: "r.example", ...values });
  validateRegistryAuth(block, (name) => attributePath(name), environment, diagnostics);
  return diagnostics.list.map(({ severity, summary, path }) => `${severity}: ${summary} at ${formatPath(path ?? [])}`);
}

const login = { username: "u", password: "p" };
const environment = { IMAGESYNC_REGISTRY_USER: "u", IMAGESYNC_REGISTRY_PASS: "p" };

test.each<Readonly<Record<string, Value>>>([
  login,
  { identity_token: "t" },
  { registry_token: "t" },
  { credential_helper: "ecr-login" },
  { config_file: "~/.docker/config.json" },
  { config_file_content: `\uFEFF{"auths": {}}` },
  { config_file_content: "{}", config_file: "/x" },
  { auth_disabled: true },
])("%j is a login", (values) => {
  expect(findings(values)).toEqual([]);
});

test.each<[Readonly<Record<string, Value>>, readonly string[]]>([
  [{}, ["error: Login without a secret at address"]],
  [{ auth_disabled: false }, ["error: Login without a secret at address"]],
  [{ ...login, registry_token: "t" }, ["error: Contradicting logins at registry_token"]],
  [{ ...login, credential_helper: "x" }, ["error: Contradicting logins at credential_helper"]],
  [{ credential_helper: "x", auth_disabled: true }, ["error: Contradicting logins at credential_helper"]],
  [{ ...login, config_file: "/x" }, ["warning: Unused config_file at config_file"]],
  [
    { registry_token: "t", config_file: "/x", config_file_content: "{}" },
    ["warning: Unused config_file_content at config_file_content", "warning: Unused config_file at config_file"],
  ],
  [{ auth_disabled: true, config_file: "/x" }, ["warning: Unused config_file at config_file"]],
  [{ credential_helper: "" }, ["error: Empty credential_helper at credential_helper"]],
  [{ credential_helper: "../x" }, ["error: Invalid credential_helper at credential_helper"]],
  [{ credential_helper: "docker-credential-ecr-login" }, ["error: Invalid credential_helper at credential_helper"]],
  [{ config_file: "" }, ["error: Empty config_file at config_file"]],
  [{ config_file_content: "" }, ["error: Invalid config_file_content at config_file_content"]],
  [{ config_file_content: "[]" }, ["error: Invalid config_file_content at config_file_content"]],
  [{ username: "u", config_file: "/x" }, ["error: Incomplete login at password"]],
  [{ password: "p" }, ["error: Incomplete login at username"]],
])("%j: %j", (values, expected) => {
  expect(findings(values)).toEqual(expected);
});

test("the environment may complete a login, and only a login by password", () => {
  expect(findings({}, environment)).toEqual([]);
  expect(findings({ username: "u" }, environment)).toEqual([]);
  expect(findings({ password: "p" }, environment)).toEqual([]);
  expect(findings({}, { IMAGESYNC_REGISTRY_USER: "u" })).toEqual(["error: Login without a secret at address"]);
  expect(findings({}, { IMAGESYNC_REGISTRY_PASS: "p" })).toEqual(["error: Login without a secret at address"]);
  expect(findings({ username: "u", config_file: "/x" }, environment)).toEqual(["error: Incomplete login at password"]);
});

test("nothing is said about what is not known yet", () => {
  const names = Object.keys(empty).filter((name) => name !== "address");
  const found = names.flatMap((name) => {
    const beside = name === "username" ? { password: "p" } : name === "password" ? { username: "u" } : {};
    return findings({ ...beside, [name]: UNKNOWN }).map((finding) => `${name}: ${finding}`);
  });
  expect(found).toEqual([]);
});

test.each<[readonly Value[], Readonly<Record<string, Value>>, readonly string[]]>([
  [["r.example", "r.example/team", UNKNOWN, UNKNOWN], {}, []],
  [["r.example/team", "other.example", "r.example/team"], {}, ["Login configured twice at registry_auth[2].address"]],
  [["http://r.example/team"], {}, []],
  [["http://r.example/team"], { address: "r.example", plain_http: true }, []],
  [["http://r.example/team"], { address: "r.example", plain_http: UNKNOWN }, []],
  [["http://r.example/team"], { address: "other.example" }, []],
  [["https://r.example"], { address: "r.example", plain_http: null }, []],
  [
    ["http://r.example/team"],
    { address: "r.example", plain_http: null },
    ["Contradicting transport at registry_auth[0].address"],
  ],
])("the addresses %j beside the registry %j: %j", (addresses, registry, expected) => {
  const diagnostics = new Diagnostics();
  const logins = addresses.map((address) => objectValue({ address }));
  validateLoginAddresses(logins, [objectValue(registry)], diagnostics);
  expect(diagnostics.list.map(({ summary, path }) => `${summary} at ${formatPath(path ?? [])}`)).toEqual(expected);
});

test("a content is never repeated", () => {
  const diagnostics = new Diagnostics();
  const block = objectValue({ ...empty, address: "r.example", config_file_content: "hidden-Canary" });
  validateRegistryAuth(block, (name) => attributePath(name), {}, diagnostics);
  expect(diagnostics.list).toHaveLength(1);
  expect(JSON.stringify(diagnostics.list)).not.toContain("Canary");
});
