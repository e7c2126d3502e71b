import { afterEach, expect, test } from "vitest";
import { startRegistry, type RunningRegistry, type TokenAuthOptions } from "../../embedded-registry/index.ts";
import { basicAuthorization, countingProxy, send, testLogin, type PlainAnswer } from "../support/registries/index.ts";
import { protocolSteps } from "../support/registries/protocol-steps.ts";
import { askForToken, bearer, challengeField } from "../support/registries/token-login.ts";

let registry: RunningRegistry;

async function start(options: Partial<TokenAuthOptions> = {}): Promise<void> {
  const users = { [testLogin.user]: testLogin.password };
  registry = await startRegistry({ auth: { kind: "token", users, ...options } });
}

afterEach(() => registry.close());

function challenge(path = "/v2/", method = "GET"): Promise<PlainAnswer> {
  return send(registry.url, path, { method });
}

async function read(authorization: string, repository = "a/b"): Promise<PlainAnswer> {
  return protocolSteps(registry.url, repository, { headers: { Authorization: authorization } }).read("tag");
}

test("anonymous clients get tokens for pulling where that is allowed, and only for that", async () => {
  await start({ anonymousPull: true });
  const answer = await askForToken(await challenge(), "repository:a/b:pull,push,delete", "anonymous");
  expect(answer.status).toBe(200);
  expect((await read(bearer(answer))).status).toBe(404);
  const pushing = protocolSteps(registry.url, "a/b", { headers: { Authorization: bearer(answer) } });
  expect((await pushing.ask("POST", "blobs/uploads/")).status).toBe(401);
});

test("wrong credentials do not become an anonymous token", async () => {
  await start({ anonymousPull: true });
  const answer = await askForToken(await challenge(), "repository:a/b:pull", { user: "mirror", password: "wrong" });
  expect(answer.status).toBe(401);
  const garbage = await send(registry.url, "/token?scope=repository:a/b:pull", {
    headers: { Authorization: "Basic ::" },
  });
  expect(garbage.status).toBe(401);
});

test("without credentials there is no token where anonymous clients are not allowed", async () => {
  await start();
  expect((await askForToken(await challenge(), "repository:a/b:pull", "anonymous")).status).toBe(401);
});

test("a token ends with its lifetime, and the challenge says why", async () => {
  await start({ lifetimeSeconds: 0 });
  const answer = await askForToken(await challenge(), "repository:a/b:pull");
  expect(JSON.parse(answer.text)).toMatchObject({ expires_in: 0 });
  const refused = await read(bearer(answer));
  expect([refused.status, challengeField(refused, "error")]).toEqual([401, "invalid_token"]);
});

test("rules decide what a user gets", async () => {
  await start({ allow: (user, repository, action) => user === "mirror" && repository === "a/b" && action === "pull" });
  const scope = "repository:a/b:pull repository:a/c:pull";
  const token = bearer(await askForToken(await challenge(), scope));
  expect((await read(token)).status).toBe(404);
  expect((await read(token, "a/c")).status).toBe(401);
});

test.each(["repository:a/b:*", "repository:a/b:delete,pull", "other:x:y repository:a/b:pull"])(
  "the scope %s is understood",
  async (scope) => {
    await start();
    expect((await read(bearer(await askForToken(await challenge(), scope)))).status).toBe(404);
  },
);

test.each([
  "",
  "repository:a/b",
  "repository:A/B:pull",
  "repository:../b:pull",
  "repository:a/b:PULL",
  "registry:catalog:*",
])("the scope %j grants nothing", async (scope) => {
  await start();
  expect((await read(bearer(await askForToken(await challenge(), scope)))).status).toBe(401);
});

test("the base needs a token too, of any scope", async () => {
  await start();
  expect((await challenge()).status).toBe(401);
  const token = bearer(await askForToken(await challenge(), ""));
  expect((await send(registry.url, "/v2/", { headers: { Authorization: token } })).status).toBe(200);
});

async function form(fields: Record<string, string>): Promise<PlainAnswer> {
  return send(registry.url, "/token", { method: "POST", body: new URLSearchParams(fields).toString() });
}

test("tokens come by a form too, and a refresh token stands for the login", async () => {
  await start();
  const scope = "repository:a/b:pull";
  const login = { grant_type: "password", username: testLogin.user, password: testLogin.password };
  const first = await form({ ...login, access_type: "offline", scope });
  const { refresh_token } = JSON.parse(first.text) as { refresh_token: string };
  const second = await form({ grant_type: "refresh_token", refresh_token, scope });
  expect((await read(bearer(second))).status).toBe(404);
  expect((await form({ ...login, password: "wrong", scope })).status).toBe(401);
  expect((await form({ grant_type: "refresh_token", refresh_token: "made up", scope })).status).toBe(401);
});

test("an endless form is refused", async () => {
  await start();
  await expect(form({ username: "x".repeat(200_000) })).resolves.toMatchObject({ status: 413 });
});

test("a user called like a part of every object is nobody", async () => {
  await start();
  for (const user of ["__proto__", "constructor", "toString"]) {
    const headers = { Authorization: basicAuthorization({ user, password: "" }) };
    expect((await send(registry.url, "/token", { headers })).status).toBe(401);
  }
});

test("clients that come through a proxy are sent through it for their token", async () => {
  await start();
  const proxy = await countingProxy(registry.host);
  try {
    const refused = await send(proxy.url, "/v2/");
    expect(challengeField(refused, "realm")).toBe(`${proxy.url}/token`);
    expect((await askForToken(refused, "repository:a/b:pull")).status).toBe(200);
    expect(proxy.counts()).toEqual({ "GET base": 1, "GET token": 1 });
  } finally {
    await proxy.close();
  }
});

test("a Host header that is no host does not get into the challenge", async () => {
  await start();
  const refused = await send(registry.url, "/v2/", { headers: { Host: 'x",scope="y' } });
  expect(challengeField(refused, "service")).toBe("localhost");
});
