import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseDockerConfig } from "../../../engine/credentials/docker-config.ts";
import { ImagesyncError } from "../../../engine/errors.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const basic = (username: string, password: string) => ({ kind: "basic", username, password });

function find(config: unknown, registry: string, repository = "acme/app") {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const [first] = parseDockerConfig(text, "config.json").candidates(registry, repository);
  return first?.kind === "login" ? first.credential : first && { helper: first.name, server: first.server };
}

function failure(config: unknown, registry = "r.example"): ImagesyncError {
  try {
    find(config, registry);
  } catch (error) {
    if (error instanceof ImagesyncError) return error;
  }
  throw new Error("It did not fail as it should");
}

test.each([
  ["r.example", "r.example"],
  ["R.Example", "r.example"],
  ["https://r.example", "r.example"],
  ["https://r.example/", "r.example"],
  ["https://r.example/v1/", "r.example"],
  ["https://r.example/v2/", "r.example"],
  ["http://r.example:5000/v1", "r.example:5000"],
  ["r.example:5000", "r.example:5000"],
  ["[::1]:5000", "[::1]:5000"],
  ["registry", "registry"],
  ["https://index.docker.io/v1/", "docker.io"],
  ["index.docker.io", "docker.io"],
  ["docker.io", "docker.io"],
  ["registry-1.docker.io", "docker.io"],
  ["registry.hub.docker.com", "docker.io"],
])("the key %s is a login for %s", (key, registry) => {
  expect(find({ auths: { [key]: { auth: base64("u:p") } } }, registry)).toEqual(basic("u", "p"));
});

test.each([
  ["a password with colons", { auth: base64("u:p:q:") }, basic("u", "p:q:")],
  ["trailing NULs", { auth: base64("u:p\0\0\0") }, basic("u", "p")],
  ["an empty password", { auth: base64("u:") }, basic("u", "")],
  ["a password beyond ASCII", { auth: base64("ü:pä€") }, basic("ü", "pä€")],
  ["base64 without padding", { auth: base64("u:pa").replace(/=+$/, "") }, basic("u", "pa")],
  ["base64 in lines", { auth: `${base64("user:pass")}\n` }, basic("user", "pass")],
  ["fields of their own", { username: "u", password: "p" }, basic("u", "p")],
  ["auth before the fields", { auth: base64("a:b"), username: "u", password: "p" }, basic("a", "b")],
  [
    "an identity token",
    { auth: base64("0000:"), identitytoken: "refresh" },
    { kind: "identity-token", token: "refresh" },
  ],
  ["a registry token", { registrytoken: "jwt", auth: base64("u:p") }, { kind: "registry-token", token: "jwt" }],
])("an entry with %s is read", (_, entry, credential) => {
  expect(find({ auths: { "r.example": entry } }, "r.example")).toEqual(credential);
});

test("the longest path wins, and a path ends at a slash", () => {
  const auths = Object.fromEntries(
    ["r.example", "r.example/acme", "r.example/acme/app"].map((key) => [key, { auth: base64(`${key}:p`) }]),
  );
  expect(find({ auths }, "r.example", "acme/app")).toEqual(basic("r.example/acme/app", "p"));
  expect(find({ auths }, "r.example", "acme/app/sub")).toEqual(basic("r.example/acme/app", "p"));
  expect(find({ auths }, "r.example", "acme/app2")).toEqual(basic("r.example/acme", "p"));
  expect(find({ auths }, "r.example", "acme2/app")).toEqual(basic("r.example", "p"));
  expect(find({ auths }, "other.example", "acme/app")).toBeUndefined();
  expect(find({ auths }, "r.example:443", "acme/app")).toBeUndefined();
});

test("a login in the file is preferred to the empty entry of another spelling", () => {
  const config = { auths: { "https://r.example/": {}, "r.example": { auth: base64("u:p") } } };
  expect(find(config, "r.example")).toEqual(basic("u", "p"));
});

const store = (name: string, auths: object = {}) => ({ credsStore: name, auths });

test.each<[string, object, string, object]>([
  [
    "a helper for the host",
    { credHelpers: { "r.example": "ecr-login" } },
    "r.example",
    { helper: "ecr-login", server: "r.example" },
  ],
  [
    "a helper before a login and before the store",
    { credHelpers: { "r.example": "x" }, credsStore: "y", auths: { "r.example": { auth: base64("u:p") } } },
    "r.example",
    { helper: "x", server: "r.example" },
  ],
  [
    "a helper for Docker Hub, by its address of old",
    { credHelpers: { "docker.io": "x" } },
    "docker.io",
    { helper: "x", server: "https://index.docker.io/v1/" },
  ],
  [
    "a helper for a namespace",
    { credHelpers: { "r.example": "x", "r.example/acme": "y" } },
    "r.example",
    { helper: "y", server: "r.example" },
  ],
  [
    "a store under the key of its entry",
    store("desktop", { "https://r.example/": {} }),
    "r.example",
    { helper: "desktop", server: "https://r.example/" },
  ],
  [
    "a store for Docker Hub under docker's key",
    store("osxkeychain", { "https://index.docker.io/v1/": {} }),
    "docker.io",
    { helper: "osxkeychain", server: "https://index.docker.io/v1/" },
  ],
  ["a store that lists nothing", store("ecr-login"), "r.example", { helper: "ecr-login", server: "r.example" }],
])("%s is to be asked", (_, config, registry, asked) => {
  expect(find(config, registry)).toEqual(asked);
});

test("what a helper does not have may stand in the file, but never in another helper", () => {
  const candidates = (config: object) =>
    [...parseDockerConfig(JSON.stringify(config), "config.json").candidates("r.example", "acme/app")].map(
      ({ kind }) => kind,
    );
  const auths = { "r.example": { auth: base64("u:p") } };
  expect(candidates({ credHelpers: { "r.example": "x" }, credsStore: "y", auths })).toEqual(["helper", "login"]);
  expect(candidates({ credHelpers: { "r.example": "x" }, credsStore: "y" })).toEqual(["helper"]);
  expect(candidates({ credHelpers: { "r.example": "" }, credsStore: "y" })).toEqual([]);
});

test("a bare map of logins, as docker and Kubernetes once had it, is read like auths", () => {
  const entry = { username: "u", password: "p", email: "x@y.example" };
  expect(find({ "https://r.example/v1/": entry }, "r.example")).toEqual(basic("u", "p"));
  expect(find({ "r.example:5000": { auth: base64("u:p") } }, "r.example:5000")).toEqual(basic("u", "p"));
  expect(find({ localhost: { auth: base64("u:p") } }, "localhost")).toEqual(basic("u", "p"));
  expect(find({ HttpHeaders: { "User-Agent": "x" }, plugins: { x: {} } }, "httpheaders")).toBeUndefined();
  expect(find({ auths: {}, "r.example": entry }, "r.example")).toBeUndefined();
});

test("helpers and stores do not get in the way of hosts that have no login there", () => {
  expect(find({ credHelpers: { "r.example": "x" } }, "other.example")).toBeUndefined();
  expect(find({ credsStore: "desktop", auths: { "r.example": {} } }, "docker.io")).toBeUndefined();
  expect(find({ credsStore: "pass", auths: { "r.example": { auth: base64("u:p") } } }, "r.example")).toEqual(
    basic("u", "p"),
  );
});

const secret = "s3cret-Canary";

test.each([
  ["no JSON", `{"auths": {"r.example": {"auth": "${secret}"`],
  ["an empty file", ""],
  ["an array", `["${secret}"]`],
  ["a string", `"${secret}"`],
  ["null", "null"],
  ["auths that are a list", { auths: [secret] }],
  ["auths that are text", { auths: secret }],
  ["helpers that are text", { credHelpers: secret }],
  ["a store that is a number", { credsStore: 5 }],
  ["a helper that is a list", { credHelpers: { "r.example": [secret] } }],
  ["a bare map whose entry is broken", { "r.example": { auth: 5, password: secret } }],
  ["an entry that is text", { auths: { "r.example": secret } }],
  ["an entry whose auth is a number", { auths: { "r.example": { auth: 5, password: secret } } }],
  ["auth that is not base64", { auths: { "r.example": { auth: `!${secret}` } } }],
  ["auth without a colon", { auths: { "r.example": { auth: base64(secret) } } }],
  ["a user name with a colon", { auths: { "r.example": { username: "a:b", password: secret } } }],
  ["a password with a line break", { auths: { "r.example": { username: "a", password: `${secret}\r\nHost: x` } } }],
  ["a token with a line break", { auths: { "r.example": { registrytoken: `${secret}\n${secret}` } } }],
])("%s is an error that names the file and not its content", (_, config) => {
  const error = failure(config);
  expect(error.code).toBe("credentials");
  expect(error.message).toContain("config.json");
  const everything = JSON.stringify([error.message, error.hint, String(error.cause)]);
  expect(everything).not.toContain(secret);
  expect(everything).not.toContain(base64(secret).slice(0, 12));
});

test("a broken entry is reported only when it is needed", () => {
  const config = { auths: { "broken.example": { auth: "!" }, "r.example": { auth: base64("u:p") } } };
  expect(find(config, "r.example")).toEqual(basic("u", "p"));
});

test("a byte order mark, unknown keys and keys like __proto__ do no harm", () => {
  const config = `\uFEFF{"HttpHeaders": {"a": "b"}, "auths": {"__proto__": {"auth": "dTpw"}, "constructor": {}, "": {}, "r.example": {"auth": "dTpw"}}}`;
  expect(find(config, "r.example")).toEqual(basic("u", "p"));
  expect(find(config, "constructor")).toBeUndefined();
  expect(({} as Record<string, unknown>)["auth"]).toBeUndefined();
});

test("a file of absurd size is refused", () => {
  expect(failure(`{"auths": {}, "x": "${"a".repeat(5_000_000)}"}`).message).toContain("larger than");
});

test("any user name and password survive the way through a file", () => {
  const word = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !/[\p{Cc}]/u.test(text));
  fc.assert(
    fc.property(
      word.filter((text) => text !== "" && !text.includes(":")),
      word,
      (username, password) => {
        expect(find({ auths: { "r.example": { auth: base64(`${username}:${password}`) } } }, "r.example")).toEqual(
          basic(username, password),
        );
      },
    ),
  );
});

test("whatever stands in the file, nothing but a credentials error is thrown", () => {
  const entry = fc.oneof(
    fc.anything(),
    fc.record({ auth: fc.anything(), identitytoken: fc.anything() }, { requiredKeys: [] }),
  );
  const config = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.constantFrom("r.example", "https://r.example/v1/", "plugins"), entry).map(jsonOf),
    fc
      .record(
        {
          auths: fc.dictionary(fc.constantFrom("r.example", "https://r.example/v1/", "x/y"), entry),
          credsStore: fc.anything(),
          credHelpers: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map(jsonOf),
  );
  fc.assert(
    fc.property(config, (text) => {
      expect(outcome(text)).toBeOneOf(["read", "credentials"]);
    }),
  );
});

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "";
}

function outcome(text: string): string {
  try {
    find(text, "r.example");
    return "read";
  } catch (error) {
    return error instanceof ImagesyncError ? error.code : String(error);
  }
}
