import { describe, expect, test } from "vitest";
import { failureOf } from "../../failure.ts";
import { json, type Received, type Script, startServer } from "../../http/scripted-server.ts";
import { digest, secret, vendorClient } from "./vendor-client.ts";

const options = { digest };

/** The web site's API with one token at a time; `deletion` answers what comes with it. */
function hub(
  deletion: Script,
  login: Script = (_request, response) => json(response, 200, { access_token: "eyJ.one" }),
) {
  return startServer((request, response) =>
    request.method === "POST" ? login(request, response) : deletion(request, response),
  );
}

const gone: Script = (_request, response) => response.writeHead(204).end();

function steps(requests: readonly Received[]): string[] {
  return requests.map(({ method, url }) => `${method} ${url}`);
}

describe("a tag at Docker Hub", () => {
  test("is deleted by the web site's API, with a token for the login of the registry", async () => {
    await using api = await hub(gone);
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    expect(await client.open().vendor.deleteTag("1.27", options)).toBe("deleted");
    expect(steps(api.requests)).toEqual(["POST /v2/auth/token", "DELETE /v2/repositories/team/app/tags/1.27/"]);
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toEqual({ identifier: "mirror", secret });
    expect(api.requests[1]?.headers.authorization).toBe("Bearer eyJ.one");
  });

  test("costs one login however many go at once", async () => {
    await using api = await hub(gone);
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    const tags = ["a", "b", "c", "d", "e"];
    await Promise.all(tags.map((tag) => client.open().vendor.deleteTag(tag, options)));
    await client.open("team/other").vendor.deleteTag("f", options);
    expect(steps(api.requests).filter((step) => step.startsWith("POST"))).toHaveLength(1);
    expect(api.requests).toHaveLength(7);
  });

  test("is deleted with a new token when the old one has expired", async () => {
    let logins = 0;
    await using api = await hub(
      ({ headers }, response) =>
        headers.authorization === "Bearer token-2" ? response.writeHead(204).end() : json(response, 401, {}),
      (_request, response) => json(response, 200, { access_token: `token-${(logins += 1)}` }),
    );
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(logins).toBe(2);
  });

  test("is deleted by a host that has the older login only", async () => {
    await using api = await hub(gone, ({ url }, response) =>
      url === "/v2/users/login" ? json(response, 200, { token: "eyJ.old" }) : json(response, 404, {}),
    );
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(JSON.parse(api.requests[1]?.body.toString() ?? "")).toEqual({ username: "mirror", password: secret });
  });

  test("that is not there is absent, and a page for people in place of the API is no answer", async () => {
    await using api = await hub(({ url }, response) =>
      url.endsWith("/html/") ? response.writeHead(404).end("<h1>404</h1>") : json(response, 404, { message: "none" }),
    );
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    expect(await client.open().vendor.deleteTag("none", options)).toBe("absent");
    expect(await client.open().vendor.deleteTag("html", options)).toBe("unavailable");
  });

  test.each([
    ["no login", { kind: "anonymous" as const }],
    ["a token for the registry only", { kind: "registry-token" as const, token: "eyJ" }],
  ])("is left to the registry where there is %s", async (_name, login) => {
    await using api = await hub(gone);
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url }, login);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("unavailable");
    expect(api.requests).toHaveLength(0);
  });

  test("is left to the registry where another host is only said to be Docker Hub: it never gets that login", async () => {
    await using client = vendorClient("127.0.0.1:1", { vendor: "docker-hub" });
    expect(await client.open().vendor.deleteTag("a", options)).toBe("unavailable");
  });
});

describe("a refusal of Docker Hub", () => {
  test.each([
    [403, "denied"],
    [401, "unauthorized"],
    [429, "rate-limited"],
    [500, "unavailable"],
    [400, "protocol"],
  ])("with %i is %s, and the tag is not believed to be gone", async (status, code) => {
    await using api = await hub((_request, response) => json(response, status, { detail: "You \u001b[31mmay not" }));
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toMatchObject({ code, status });
    expect(error?.message).toBe(
      `Cannot delete tag r.example/team/app:a: the API of the registry answered ${status} (You  [31mmay not)`,
    );
    expect(error?.hint?.includes("Read, Write & Delete") ?? false).toBe(status === 401 || status === 403);
  });

  test("of the login says what login is needed and repeats no secret", async () => {
    await using api = await hub(gone, (_request, response) => json(response, 401, { detail: `wrong: ${secret}` }));
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toMatchObject({ code: "unauthorized" });
    expect(`${error?.message} ${error?.hint}`).not.toContain(secret);
    expect(api.requests).toHaveLength(1);
  });

  test.each([{}, { access_token: 1 }, { access_token: "" }, { access_token: "a b" }, { token: "a\r\nb" }, [], null])(
    "to give a token, %j, is an error",
    async (answer) => {
      await using api = await hub(gone, (_request, response) => json(response, 200, answer));
      await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
      expect(await failureOf(() => client.open().vendor.deleteTag("a", options))).toMatchObject({ code: "protocol" });
      expect(api.requests).toHaveLength(1);
    },
  );

  test("by leading the login to another place is not followed", async () => {
    await using elsewhere = await startServer((_request, response) => json(response, 200, { access_token: "t" }));
    await using api = await hub(gone, (_request, response) =>
      response.writeHead(307, { location: `${elsewhere.url}/v2/auth/token` }).end(),
    );
    await using client = vendorClient("r.example", { vendor: "docker-hub", apiUrl: api.url });
    expect(await failureOf(() => client.open().vendor.deleteTag("a", options))).toMatchObject({
      code: "redirect-refused",
    });
    expect(elsewhere.requests).toHaveLength(0);
  });
});
