import { expect, onTestFinished, test } from "vitest";
import {
  jsonReply,
  memoryStorage,
  type RegistryOptions,
  type RunningRegistry,
  startRegistry,
} from "../../embedded-registry/index.ts";
import { basicAuthorization, send, testLogin } from "../support/registries/index.ts";
import { protocolSteps } from "../support/registries/protocol-steps.ts";
import { askForToken, challengeField } from "../support/registries/token-login.ts";

const users = { [testLogin.user]: testLogin.password };

async function start(options: RegistryOptions): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

test("two registries on one storage have the same images", async () => {
  const storage = memoryStorage();
  const [one, two] = await Promise.all([start({ storage }), start({ storage })]);
  const { digest } = await protocolSteps(one.url, "team/app").image("tag");
  expect((await protocolSteps(two.url, "team/app").read(digest)).status).toBe(200);
});

test("a handling answers in the registry's place, or changes what comes of a request that was let in", async () => {
  const seen: string[] = [];
  const registry = await start({
    auth: { kind: "basic", users },
    handling: async (exchange, next) => {
      seen.push(exchange.route.kind);
      if (exchange.route.kind === "tags") return jsonReply({ tags: ["played"] });
      return { ...(await next()), status: 299 };
    },
  });
  expect((await send(registry.url, "/v2/")).status).toBe(401);
  expect(seen).toEqual([]);
  const headers = { Authorization: basicAuthorization() };
  expect((await send(registry.url, "/v2/team/app/tags/list", { headers })).text).toBe('{"tags":["played"]}');
  expect((await send(registry.url, "/v2/", { headers })).status).toBe(299);
  expect(seen).toEqual(["tags", "base"]);
});

test("an API answers what is its own, with or without the registry's login, and nothing else", async () => {
  const registry = await start({
    auth: { kind: "basic", users },
    api: async (call) => {
      if (!call.path.startsWith("/own/")) return undefined;
      if (call.path === "/own/closed") call.authorize("team/app", ["delete"]);
      return jsonReply({ path: call.path, n: call.query.get("n"), bytes: (await call.body()).length });
    },
  });
  const open = await send(registry.url, "/own/%2F?n=1", { method: "POST", body: "abc" });
  expect(open.text).toBe('{"path":"/own/%2F","n":"1","bytes":3}');
  expect((await send(registry.url, "/own/closed")).status).toBe(401);
  const headers = { Authorization: basicAuthorization() };
  expect((await send(registry.url, "/own/closed", { headers })).status).toBe(200);
  expect((await send(registry.url, "/other", { headers })).status).toBe(404);
  const large = await send(registry.url, "/own/x", { method: "POST", body: Buffer.alloc(1024 * 1024 + 1) });
  expect(large.status).toBe(413);
});

test("tokens come from the path, for the service, the actions and the requests that were chosen", async () => {
  const registry = await start({
    auth: {
      kind: "token",
      users,
      path: "/v2/auth",
      service: "a.service",
      scopeActions: ["pull", "push", "*"],
      requires: (method) => (method === "DELETE" ? ["pull", "push"] : undefined),
    },
  });
  const challenge = await send(registry.url, "/v2/team/app/manifests/tag", { method: "DELETE" });
  expect(challengeField(challenge, "realm")).toBe(`${registry.url}/v2/auth`);
  expect(challengeField(challenge, "service")).toBe("a.service");
  expect(challengeField(challenge, "scope")).toBe("repository:team/app:pull,push");
  expect((await askForToken(challenge, "repository:team/app:pull,push")).status).toBe(200);
  expect((await askForToken(challenge, "repository:team/app:pull,delete")).status).toBe(400);
  expect((await send(registry.url, "/token")).status).toBe(401);
  expect(registry.counts()).toMatchObject({ "GET token": 2, "DELETE manifest": 1, "GET unknown": 1 });
});
