import { describe, expect, test } from "vitest";
import { failureOf } from "../../failure.ts";
import { json, type Script, startServer } from "../../http/scripted-server.ts";
import { digest, secret, vendorClient } from "./vendor-client.ts";

const options = { digest };
const basic = `Basic ${Buffer.from(`mirror:${secret}`).toString("base64")}`;

function complaint(code: string): object {
  return { errors: [{ code, message: `about ${code}` }] };
}

/** Asks for a token of Harbor's service like the real one, and takes everything with it. */
function harbor(api: Script) {
  return startServer((request, response) => {
    const { url, headers } = request;
    if (url.startsWith("/service/token")) json(response, 200, { token: "v2token" });
    else if (url.startsWith("/api/")) api(request, response);
    else if (headers.authorization === "Bearer v2token") json(response, 404, complaint("MANIFEST_UNKNOWN"));
    else {
      const realm = `http://${headers.host}/service/token`;
      json(response, 401, {}, { "www-authenticate": `Bearer realm="${realm}",service="harbor-registry"` });
    }
  });
}

const done: Script = (_request, response) => response.writeHead(200).end();

describe("a tag at Harbor", () => {
  test("is deleted where it is on the digest, with the name encoded as Harbor wants it", async () => {
    await using registry = await harbor(done);
    await using client = vendorClient(registry.host, { vendor: "harbor" });
    expect(await client.open("team/a/b").vendor.deleteTag("1.27", options)).toBe("deleted");
    expect(registry.requests.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ["DELETE", `/api/v2.0/projects/team/repositories/a%252Fb/artifacts/${digest}/tags/1.27`, basic],
    ]);
  });

  test("is deleted at its API's address where that is another", async () => {
    await using api = await startServer(done);
    await using registry = await harbor(done);
    await using client = vendorClient(registry.host, { vendor: "harbor", apiUrl: `${api.url}/harbor/` });
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(api.requests[0]?.url).toBe(`/harbor/api/v2.0/projects/team/repositories/app/artifacts/${digest}/tags/a`);
  });

  test("is deleted at a registry that nobody called Harbor, after its own challenge has said so", async () => {
    await using registry = await harbor(done);
    await using client = vendorClient(registry.host, {});
    expect(client.open().vendor.family).toBeUndefined();
    await client.open().manifests.find("a");
    expect(client.open().vendor.family).toBe("harbor");
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
  });

  test.each([
    [404, complaint("NOT_FOUND"), "absent"],
    [404, undefined, "unavailable"],
  ])("answered %i %j is %s", async (status, body, outcome) => {
    await using registry = await harbor((_request, response) =>
      body === undefined ? response.writeHead(status).end("<html>") : json(response, status, body),
    );
    await using client = vendorClient(registry.host, { vendor: "harbor" });
    expect(await client.open().vendor.deleteTag("a", options)).toBe(outcome);
  });

  test.each([
    ["no login", "team/app", { kind: "anonymous" as const }],
    ["no project in the name", "app", undefined],
  ])("is left to the registry where there is %s", async (_name, repository, login) => {
    await using registry = await harbor(done);
    await using client = vendorClient(registry.host, { vendor: "harbor" }, login);
    expect(await client.open(repository).vendor.deleteTag("a", options)).toBe("unavailable");
    expect(registry.requests).toHaveLength(0);
  });

  test.each([
    [401, "UNAUTHORIZED", "unauthorized"],
    [403, "FORBIDDEN", "denied"],
    [412, "PRECONDITION", "conflict"],
    [500, "UNKNOWN", "unavailable"],
  ])("that is refused with %i is an error that says what is missing", async (status, registryCode, code) => {
    await using registry = await harbor((_request, response) => json(response, status, complaint(registryCode)));
    await using client = vendorClient(registry.host, { vendor: "harbor" });
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toMatchObject({ code, status, registryCode });
    expect(error?.hint?.includes("Developer") ?? false).toBe(status < 412);
  });

  test("that a rule keeps is immutable", async () => {
    const rule = {
      errors: [{ code: "PRECONDITION", message: "the tag a configured as immutable, cannot be deleted" }],
    };
    await using registry = await harbor((_request, response) => json(response, 412, rule));
    await using client = vendorClient(registry.host, { vendor: "harbor" });
    expect(await failureOf(() => client.open().vendor.deleteTag("a", options))).toMatchObject({ code: "immutable" });
  });
});

describe("a registry that refuses the delete of a tag", () => {
  /** Without a token service, as behind a proxy that has a login of its own. */
  function proxied(ping: Script, refusal: object = complaint("UNSUPPORTED"), status = 400) {
    return startServer((request, response) =>
      request.url.startsWith("/api/") ? ping(request, response) : json(response, status, refusal),
    );
  }

  test("is asked once whether it is Harbor, and then its API is used", async () => {
    await using registry = await proxied((request, response) =>
      request.method === "GET" ? response.writeHead(200, { "content-type": "text/plain" }).end("Pong") : response.end(),
    );
    await using client = vendorClient(registry.host, {});
    const refusal = (await client.open().manifests.delete("a")).error;
    expect(await client.open().vendor.deleteTag("a", options)).toBe("unavailable");
    expect(await client.open().vendor.recognise(refusal)).toBe(true);
    expect(await client.open().vendor.recognise(refusal)).toBe(false);
    expect(client.open().vendor.family).toBe("harbor");
    expect(client.open().vendor.traits.ownsGarbage).toBe(true);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(registry.requests.map(({ url }) => url).filter((url) => url.endsWith("/ping"))).toHaveLength(1);
  });

  test.each([
    ["a page for people", "<html>Pong</html>", 200],
    ["nothing", "", 200],
    ["not found", "Pong", 404],
  ])("is no Harbor where it answers with %s", async (_name, body, status) => {
    await using registry = await proxied((_request, response) => response.writeHead(status).end(body));
    await using client = vendorClient(registry.host, {});
    const refusal = (await client.open().manifests.delete("a")).error;
    expect(await client.open().vendor.recognise(refusal)).toBe(false);
    expect(await client.open().vendor.recognise(refusal)).toBe(false);
    expect(client.open().vendor.family).toBeUndefined();
    expect(registry.requests).toHaveLength(2);
  });

  test("is no Harbor where it leads to another place in a circle", async () => {
    await using registry = await proxied(({ url }, response) => response.writeHead(302, { location: url }).end());
    await using client = vendorClient(registry.host, {});
    const refusal = (await client.open().manifests.delete("a")).error;
    expect(await client.open().vendor.recognise(refusal)).toBe(false);
  });

  test.each([
    [400, "DIGEST_INVALID"],
    [405, "UNSUPPORTED"],
    [403, "DENIED"],
  ])("in another way, %i %s, is not asked", async (status, code) => {
    await using registry = await proxied(done, complaint(code), status);
    await using client = vendorClient(registry.host, {});
    const refusal = (await client.open().manifests.delete("a")).error;
    expect(await client.open().vendor.recognise(refusal)).toBe(false);
    expect(registry.requests).toHaveLength(1);
  });
});
