import { describe, expect, test } from "vitest";
import { failureOf } from "../failure.ts";
import { json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

const login = (address: string) => [
  { address, credential: { kind: "basic" as const, username: "mirror", password: "hunter2-hunter2" } },
];

describe("a request with a login of its own", () => {
  test("carries that one and not the registry's, at the registry's host too", async () => {
    await using registry = await startServer((_request, response) => json(response, 200, {}));
    await using http = testClient({ plain: [registry.host], login: login(registry.host) });
    await http.send(registry.host, "/api/v2.0/x", { authorization: "Bearer of-the-vendor" });
    expect(registry.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/api/v2.0/x", "Bearer of-the-vendor"],
    ]);
  });

  test("gets a refusal back as it is: the registry's login is not tried instead", async () => {
    await using registry = await startServer((_request, response) =>
      json(response, 401, {}, { "www-authenticate": 'Basic realm="r"' }),
    );
    await using http = testClient({ plain: [registry.host], login: login(registry.host) });
    const answer = await http.send(registry.host, "/api", { authorization: "Bearer old" });
    expect(answer.status).toBe(401);
    expect(registry.requests).toHaveLength(1);
  });

  test("does not take its login along to another host", async () => {
    await using other = await startServer((_request, response) => json(response, 200, {}));
    await using registry = await startServer((_request, response) =>
      response.writeHead(302, { location: `${other.url}/elsewhere` }).end(),
    );
    await using http = testClient({ plain: [registry.host] });
    await http.send(registry.host, "/api", { authorization: "Bearer of-the-vendor" });
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  test("never shows it in an error", async () => {
    await using registry = await startServer((_request, response) => response.destroy());
    await using http = testClient({ plain: [registry.host], retry: { attempts: 1 } });
    const error = await failureOf(() =>
      http.send(registry.host, "/api", { authorization: "Bearer canary-canary", operation: "say canary-canary" }),
    );
    expect(error?.message).not.toContain("canary-canary");
    expect(http.client.redactor.redact("a canary-canary")).toBe("a ***");
  });
});

describe("what is known of a registry's family", () => {
  test("is what was set, and the service that its challenge names", async () => {
    await using registry = await startServer(({ url }, response) => {
      if (url.startsWith("/token")) json(response, 200, { token: "t" });
      else
        json(
          response,
          401,
          {},
          { "www-authenticate": `Bearer realm="http://${registry.host}/token",service="harbor-registry"` },
        );
    });
    await using http = testClient({
      registries: [{ address: registry.host, plainHttp: true, vendor: "harbor", apiUrl: "http://127.0.0.1:1" }],
    });
    expect(http.client.family(registry.host)).toEqual({
      vendor: "harbor",
      apiUrl: "http://127.0.0.1:1",
      service: undefined,
    });
    await http.send(registry.host, "/v2/");
    expect(http.client.family(registry.host).service).toBe("harbor-registry");
    expect(http.client.family("other.example")).toEqual({ vendor: undefined, apiUrl: undefined, service: undefined });
  });
});

describe("the account of a registry", () => {
  test("is the user name and password of its login, kept out of all that is told", async () => {
    await using http = testClient({ login: login("r.example") });
    expect(await http.client.account("r.example", "team/app")).toMatchObject({
      username: "mirror",
      password: "hunter2-hunter2",
    });
    expect(http.client.redactor.redact("hunter2-hunter2")).toBe("***");
  });

  test.each([
    ["there is no login", []],
    [
      "it is a token for one purpose",
      [{ address: "r.example", credential: { kind: "identity-token" as const, token: "t0ken" } }],
    ],
  ])("is none where %s", async (_name, logins) => {
    await using http = testClient({ login: logins });
    expect(await http.client.account("r.example", "team/app")).toBeUndefined();
  });

  test("is not asked for after a stop", async () => {
    await using http = testClient({ login: login("r.example") });
    await expect(http.client.account("r.example", "team/app", AbortSignal.abort())).rejects.toThrow("aborted");
  });
});

test("a vendor's API that was named by the user may be private, whatever the registry is", async () => {
  await using api = await startServer((_request, response) => json(response, 200, {}));
  const registries = [{ address: "r.example", plainHttp: true, apiUrl: api.url }];
  await using named = testClient({ registries });
  expect((await named.send("r.example", `${api.url}/v2/users/login`)).status).toBe(200);
  await using unnamed = testClient({ registries: [{ address: "r.example", plainHttp: true }] });
  expect(await failureOf(() => unnamed.send("r.example", `${api.url}/x`))).toMatchObject({ code: "redirect-refused" });
});
