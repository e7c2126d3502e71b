import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Credential } from "../../../engine/credentials/credential.ts";
import type { Access } from "../../../engine/http/message.ts";
import { deferred, json, startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";
import { startTokenRegistry, type TokenRegistryOptions } from "./token-server.ts";

afterEach(() => vi.useRealTimers());

/** Lets so much time pass, on the clock only. */
function pass(durationMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + durationMs });
}

const pull = (repository: string): Access[] => [{ repository, actions: ["pull"] }];
const push = (repository: string): Access[] => [{ repository, actions: ["pull", "push"] }];
const ok = (_: unknown, response: { end: (text: string) => unknown }): unknown => response.end("ok");
const basic = (username: string, password: string): Credential => ({ kind: "basic", username, password });

function clientFor(host: string, credential?: Credential) {
  return testClient({ plain: [host], login: credential === undefined ? [] : [{ address: host, credential }] });
}

describe("a registry that asks for nothing", () => {
  test("gets no login, though there is one", async () => {
    await using server = await startServer(ok);
    await using http = clientFor(server.host, basic("u", "p"));
    await http.send(server.host, "/v2/");
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });
});

describe("Basic authentication", () => {
  const needs = (username: string, password: string, challenge: string | undefined = `Basic realm="r"`) =>
    startServer((request, response) => {
      const good =
        request.headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
      if (good) return response.end("ok");
      return json(response, 401, {}, challenge === "" ? {} : { "www-authenticate": challenge });
    });

  test("is sent when it is asked for, and at once from then on", async () => {
    await using server = await needs("ü", "p:q");
    await using http = clientFor(server.host, basic("ü", "p:q"));
    expect(await http.send(server.host, "/v2/a")).toMatchObject({ status: 200, attempts: 1 });
    await http.send(server.host, "/v2/b");
    expect(server.requests.map(({ url }) => url)).toEqual(["/v2/a", "/v2/a", "/v2/b"]);
  });

  test("is tried once where a registry forgets to say what it wants", async () => {
    await using server = await needs("u", "p", "");
    await using http = clientFor(server.host, basic("u", "p"));
    expect((await http.send(server.host, "/v2/a")).status).toBe(200);
  });

  test("that is refused ends in the registry's 401, after one try", async () => {
    await using server = await needs("u", "p");
    await using http = clientFor(server.host, basic("u", "wrong"));
    expect((await http.send(server.host, "/v2/a")).status).toBe(401);
    expect((await http.send(server.host, "/v2/a")).status).toBe(401);
    expect(server.requests).toHaveLength(3);
  });

  test("without a login ends in the registry's 401", async () => {
    await using server = await needs("u", "p");
    await using http = clientFor(server.host);
    expect((await http.send(server.host, "/v2/a")).status).toBe(401);
    expect(server.requests).toHaveLength(1);
  });

  test("goes to no other host, by redirect or by an absolute URL", async () => {
    await using other = await startServer(ok);
    await using server = await startServer((request, response) => {
      if (request.headers.authorization === undefined) return json(response, 401, {}, { "www-authenticate": "Basic" });
      return response.writeHead(307, { location: `${other.url}/storage` }).end();
    });
    await using http = testClient({
      plain: [other.host],
      registries: [{ address: server.host, plainHttp: true, headers: { "X-Key": "canary" } }],
      login: [server, other].map(({ host }) => ({ address: host, credential: basic("u", "p") })),
    });
    expect(await bodyOf(await http.send(server.host, "/v2/a"))).toBe("ok");
    expect(await bodyOf(await http.send(server.host, `${other.url}/upload?digest=x`))).toBe("ok");
    expect(other.requests.map(({ headers }) => [headers.authorization, headers["x-key"]])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(server.requests[1]?.headers["x-key"]).toBe("canary");
  });

  test("a challenge of another host is not answered", async () => {
    await using other = await startServer((_, response) => json(response, 401, {}, { "www-authenticate": "Basic" }));
    await using server = await startServer((_, response) => response.writeHead(302, { location: other.url }).end());
    await using http = clientFor(server.host, basic("u", "p"));
    expect((await http.send(server.host, "/v2/a")).status).toBe(401);
    expect(other.requests).toHaveLength(1);
  });
});

describe("Bearer tokens", () => {
  test("are fetched with the scope of the request, then used without another challenge", async () => {
    await using registry = await startTokenRegistry(ok, { expiresIn: 300 });
    await using http = clientFor(registry.host, basic("u", "p"));
    await http.send(registry.host, "/v2/app/a", { access: pull("app") });
    await http.send(registry.host, "/v2/app/b", { access: pull("app") });
    await http.send(registry.host, "/v2/app/c", { access: [...push("app"), ...pull("base")], method: "POST" });
    await http.send(registry.host, "/v2/base/d", { access: pull("base") });
    expect(registry.asked().map(({ url }) => url)).toEqual([
      "/v2/app/a",
      "/v2/app/a",
      "/v2/app/b",
      "/v2/app/c",
      "/v2/base/d",
    ]);
    expect(registry.questions).toMatchObject([
      { method: "GET", scopes: ["repository:app:pull"], service: "test", authorization: "Basic dTpw" },
      { method: "GET", scopes: ["repository:app:pull,push", "repository:base:pull"] },
    ]);
  });

  test("are fetched anonymously where there is no login", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host);
    expect((await http.send(registry.host, "/v2/app/a", { access: pull("app") })).status).toBe(200);
    expect(registry.questions).toMatchObject([{ authorization: undefined, scopes: ["repository:app:pull"] }]);
  });

  test("a hundred requests at the same time need one", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host, basic("u", "p"));
    const responses = await Promise.all(
      Array.from({ length: 100 }, (_, index) => http.send(registry.host, `/v2/app/${index}`, { access: pull("app") })),
    );
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(registry.questions).toHaveLength(1);
  });

  test("the one who started fetching may be stopped without harm to the others", async () => {
    const asked = deferred();
    const answer = deferred();
    await using registry = await startTokenRegistry(ok, {
      onToken: async () => {
        asked.resolve();
        await answer.promise;
        return false;
      },
    });
    await using http = clientFor(registry.host, basic("u", "p"));
    const stop = new AbortController();
    const first = http.send(registry.host, "/v2/app/a", { access: pull("app"), signal: stop.signal });
    await asked.promise;
    const second = http.send(registry.host, "/v2/app/b", { access: pull("app") });
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: "aborted" });
    answer.resolve();
    expect((await second).status).toBe(200);
    expect(registry.questions).toHaveLength(1);
  });

  test("one that the registry no longer accepts is replaced once, in the middle of work", async () => {
    await using registry = await startTokenRegistry(ok, { expiresIn: 300 });
    await using http = clientFor(registry.host, basic("u", "p"));
    await http.send(registry.host, "/v2/app/a", { access: pull("app") });
    registry.revoke();
    const body = { bytes: 5, repeatable: true, open: () => Buffer.from("bytes") };
    const response = await http.send(registry.host, "/v2/app/b", { access: pull("app"), method: "PUT", body });
    expect(response).toMatchObject({ status: 200, attempts: 1 });
    expect(registry.asked().at(-1)?.body.toString()).toBe("bytes");
    expect(registry.questions).toHaveLength(2);
  });

  test("that are never accepted end in the registry's 401, after one renewal", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host, basic("u", "p"));
    await http.send(registry.host, "/v2/app/a", { access: pull("app") });
    const accepted = registry.requests.length;
    await using hostile = await startServer((request, response) =>
      request.url.startsWith("/token")
        ? json(response, 200, { token: "never-good" })
        : json(response, 401, {}, { "www-authenticate": `Bearer realm="/token"` }),
    );
    await using other = clientFor(hostile.host);
    expect((await other.send(hostile.host, "/v2/app/a", { access: pull("app") })).status).toBe(401);
    expect(hostile.requests.length).toBeLessThanOrEqual(5);
    expect(accepted).toBe(3);
  });

  test("a scope that only the registry knows of is added, first, once", async () => {
    const answers: string[][] = [];
    await using server = await startServer((request, response) => {
      const url = new URL(request.url, "http://x");
      if (url.pathname === "/token") {
        answers.push(url.searchParams.getAll("scope"));
        return json(response, 200, { access_token: `for-${answers.length}` });
      }
      if (request.headers.authorization === "Bearer for-2") return response.end("ok");
      const scope =
        request.headers.authorization === undefined
          ? ""
          : `,error="insufficient_scope",scope="repository:real/app:pull"`;
      return json(
        response,
        request.headers.authorization === undefined ? 401 : 403,
        {},
        { "www-authenticate": `Bearer realm="/token"${scope}` },
      );
    });
    await using http = clientFor(server.host);
    expect((await http.send(server.host, "/v2/app/a", { access: pull("app") })).status).toBe(200);
    expect(answers).toEqual([["repository:app:pull"], ["repository:real/app:pull", "repository:app:pull"]]);
  });

  test("a 403 for any other reason is final", async () => {
    await using registry = await startTokenRegistry((_, response) =>
      json(response, 403, {}, { "www-authenticate": `Bearer realm="/token",error="denied"` }),
    );
    await using http = clientFor(registry.host);
    expect((await http.send(registry.host, "/v2/app/a", { access: pull("app") })).status).toBe(403);
    expect(registry.questions).toHaveLength(1);
  });

  test("a registry token is sent as it is, at once", async () => {
    await using server = await startServer(ok);
    await using http = clientFor(server.host, { kind: "registry-token", token: "ready-made" });
    await http.send(server.host, "/v2/app/a");
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer ready-made"]);
  });

  test("an identity token is exchanged by POST", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host, { kind: "identity-token", token: "refresh-me" });
    expect((await http.send(registry.host, "/v2/app/a", { access: push("app") })).status).toBe(200);
    const [question] = registry.questions;
    expect(question).toMatchObject({ method: "POST", scopes: ["repository:app:pull,push"], service: "test" });
    expect(Object.fromEntries(question?.form ?? [])).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: "refresh-me",
    });
  });

  test.each([400, 401, 404, 405])("where POST answers %i the identity token goes by GET", async (status) => {
    await using registry = await startTokenRegistry(ok, {
      onToken: ({ method }, response) => {
        if (method === "POST") json(response, status, {});
        return method === "POST";
      },
    });
    await using http = clientFor(registry.host, { kind: "identity-token", token: "refresh-me" });
    expect((await http.send(registry.host, "/v2/app/a", { access: pull("app") })).status).toBe(200);
    expect(registry.questions.map(({ method }) => method)).toEqual(["POST", "GET"]);
    const login = Buffer.from(registry.questions[1]?.authorization?.slice("Basic ".length) ?? "", "base64").toString();
    expect(login).toBe("00000000-0000-0000-0000-000000000000:refresh-me");
  });

  test("the realm may be relative and have a query of its own", async () => {
    await using registry = await startTokenRegistry(ok, {
      challenge: () => `bEaReR REALM="/token?service=own&x=%2F",scope="repository:app:pull"`,
    });
    await using http = clientFor(registry.host);
    expect((await http.send(registry.host, "/v2/app/a")).status).toBe(200);
    expect(registry.requests[1]?.url).toBe(
      "/token?service=own&x=%2F&scope=repository%3Aapp%3Apull&client_id=imagesync",
    );
  });

  test("a short-lived one is renewed before it ends, not after", async () => {
    await using registry = await startTokenRegistry(ok, { expiresIn: 60 });
    await using http = clientFor(registry.host);
    await http.send(registry.host, "/v2/app/a", { access: pull("app") });
    pass(49_000);
    await http.send(registry.host, "/v2/app/b", { access: pull("app") });
    expect(registry.questions).toHaveLength(1);
    pass(2000);
    await http.send(registry.host, "/v2/app/b", { access: pull("app") });
    expect(registry.questions).toHaveLength(2);
    expect(registry.asked().map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer token-1",
      "Bearer token-1",
      "Bearer token-2",
    ]);
  });

  test("one without a lifetime is good for a minute", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host);
    await http.send(registry.host, "/v2/app/a", { access: pull("app") });
    pass(49_000);
    await http.send(registry.host, "/v2/app/b", { access: pull("app") });
    expect(registry.questions).toHaveLength(1);
    pass(2000);
    await http.send(registry.host, "/v2/app/c", { access: pull("app") });
    expect(registry.questions).toHaveLength(2);
  });
});

describe("a token server that does not play along", () => {
  const answer = (status: number, text: string, headers: Record<string, string> = {}): TokenRegistryOptions => ({
    onToken: (_, response) => {
      response.writeHead(status, headers).end(text);
      return true;
    },
  });

  test.each<[string, TokenRegistryOptions, Credential | undefined, string, RegExp]>([
    [
      "refuses the login",
      answer(401, `{"details": "incorrect password\\u001b[31m"}`),
      basic("u", "wrong-Canary"),
      "unauthorized",
      /refused the login configured for "127.*: incorrect password \[31m/,
    ],
    [
      "forbids it",
      answer(403, `{"errors": [{"code": "DENIED", "message": "no"}]}`),
      basic("u", "wrong-Canary"),
      "unauthorized",
      /: no$/,
    ],
    ["wants a login that there is not", answer(401, "<html>"), undefined, "unauthorized", /no token without a login/],
    ["is down", answer(503, "x"), undefined, "unavailable", /status 503/],
    ["limits", answer(429, "x", { "retry-after": "9999" }), undefined, "rate-limited", /pause/],
    ["is not there", answer(404, "x"), undefined, "protocol", /status 404/],
    ["answers with a page", answer(200, "<html>token-Canary"), undefined, "protocol", /did not answer with a token/],
    ["answers with null", answer(200, "null"), undefined, "protocol", /did not answer with a token/],
    ["answers without token", answer(200, `{"expires_in": 5}`), undefined, "protocol", /did not answer with a token/],
    [
      "answers with a token of two lines",
      answer(200, `{"token": "Canary\\r\\nX-Injected: 1"}`),
      undefined,
      "protocol",
      /did not answer with a token/,
    ],
    ["answers with a number", answer(200, `{"token": 5}`), undefined, "protocol", /did not answer with a token/],
    ["answers without end", answer(200, `{"token": "${"a".repeat(1_100_000)}"}`), undefined, "limit", /larger than/],
  ])("and %s is a clear error, never an anonymous request", async (_, options, credential, code, message) => {
    await using registry = await startTokenRegistry(ok, options);
    await using http = clientFor(registry.host, credential);
    const error: unknown = await http
      .send(registry.host, "/v2/app/a", { access: pull("app") })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify([error, String(error)])).not.toContain("Canary");
    expect(registry.asked()).toHaveLength(1);
  });

  test("a failure is forgotten: the next request asks again", async () => {
    let refuse = true;
    await using registry = await startTokenRegistry(ok, {
      onToken: (_, response) => {
        if (refuse) json(response, 401, {});
        return refuse;
      },
    });
    await using http = clientFor(registry.host);
    await expect(http.send(registry.host, "/v2/app/a")).rejects.toMatchObject({ code: "unauthorized" });
    refuse = false;
    expect((await http.send(registry.host, "/v2/app/a")).status).toBe(200);
  });

  test.each([
    ["a file", "file:///etc/passwd", "redirect-refused"],
    ["no URL", "http://", "protocol"],
    ["nothing", "", "protocol"],
  ])("and a realm that names %s is refused", async (_, realm, code) => {
    await using registry = await startTokenRegistry(ok, {
      challenge: () => `Bearer realm="${realm}"`,
      onToken: () => true,
    });
    await using http = clientFor(registry.host);
    await expect(http.send(registry.host, "/v2/")).rejects.toMatchObject({ code });
  });

  test("and a challenge that can't be read is an error of the protocol", async () => {
    await using registry = await startTokenRegistry(ok, { challenge: () => `Bearer realm="unclosed` });
    await using http = clientFor(registry.host);
    await expect(http.send(registry.host, "/v2/")).rejects.toMatchObject({ code: "protocol" });
  });

  test("and a scheme that is unknown is named", async () => {
    await using registry = await startTokenRegistry(ok, { challenge: () => `Negotiate` });
    await using http = clientFor(registry.host);
    await expect(http.send(registry.host, "/v2/")).rejects.toMatchObject({
      code: "unauthorized",
      message: expect.stringContaining(`"negotiate"`),
    });
  });
});

describe("a body that can be had only once", () => {
  const once_ = (open: () => AsyncIterable<Uint8Array>) => ({ bytes: 3, repeatable: false, open });
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
  }

  test("is opened after the login is settled, also when nothing is known of the registry", async () => {
    await using registry = await startTokenRegistry(ok);
    await using http = clientFor(registry.host);
    let opened = 0;
    const body = once_(() => {
      opened += 1;
      return source();
    });
    const response = await http.send(registry.host, "/v2/app/blobs/uploads/1", {
      method: "PUT",
      kind: "blob",
      access: push("app"),
      body,
    });
    response.body.resume();
    await once(response.body, "close");
    expect(response.status).toBe(200);
    expect(opened).toBe(1);
    expect(registry.asked().map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /v2/",
      "PUT /v2/app/blobs/uploads/1",
    ]);
  });

  test("goes out with a new token when the old one is near its end, without being touched before", async () => {
    await using registry = await startTokenRegistry(ok, { expiresIn: 60 });
    await using http = clientFor(registry.host);
    await http.send(registry.host, "/v2/app/blobs/uploads/", { method: "POST", access: push("app") });
    pass(55_000);
    let opened = 0;
    const body = once_(() => {
      opened += 1;
      return source();
    });
    const response = await http.send(registry.host, "/v2/app/blobs/uploads/1", {
      method: "PUT",
      kind: "control",
      access: push("app"),
      body,
    });
    expect(response.status).toBe(200);
    expect(opened).toBe(1);
    expect(registry.asked().map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer token-1",
      "Bearer token-2",
    ]);
  });

  test("that was touched when the login failed ends in the registry's answer, it is not opened again", async () => {
    await using registry = await startTokenRegistry(ok, { expiresIn: 300 });
    await using http = clientFor(registry.host);
    await http.send(registry.host, "/v2/app/blobs/uploads/", { method: "POST", access: push("app") });
    registry.revoke();
    let opened = 0;
    const body = once_(() => {
      opened += 1;
      return source();
    });
    const response = await http.send(registry.host, "/v2/app/blobs/uploads/1", {
      method: "PUT",
      kind: "blob",
      access: push("app"),
      body,
    });
    expect(response.status).toBe(401);
    expect(opened).toBe(1);
  });
});
