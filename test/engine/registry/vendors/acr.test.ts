import { describe, expect, test } from "vitest";
import { failureOf } from "../../failure.ts";
import { json, startServer } from "../../http/scripted-server.ts";
import { digest, vendorClient } from "./vendor-client.ts";

const options = { digest };

/** Wants a token for the delete, like the real one. */
function acr(status: number, body?: object) {
  return startServer(({ url, headers }, response) => {
    if (url.startsWith("/oauth2/token")) json(response, 200, { access_token: "acr-token" });
    else if (headers.authorization !== "Bearer acr-token") {
      const challenge = `Bearer realm="http://${headers.host}/oauth2/token",service="${headers.host}",scope="repository:team/app:delete"`;
      json(response, 401, { errors: [{ code: "UNAUTHORIZED" }] }, { "www-authenticate": challenge });
    } else if (body === undefined) response.writeHead(status).end();
    else json(response, status, body);
  });
}

function complaint(code: string): object {
  return { errors: [{ code, message: `about ${code}` }] };
}

describe("a tag at Azure", () => {
  test("is deleted by its own address with the token of the registry", async () => {
    await using registry = await acr(202);
    await using client = vendorClient(registry.host, { vendor: "acr" });
    expect(await client.open().vendor.deleteTag("1.27", options)).toBe("deleted");
    expect(registry.requests.map(({ method }) => method)).toEqual(["DELETE", "GET", "DELETE"]);
    expect(registry.requests[2]?.url).toBe("/acr/v1/team/app/_tags/1.27");
    const scopes = new URL(registry.requests[1]?.url ?? "", registry.url).searchParams.getAll("scope");
    expect(scopes.join(" ")).toMatch(/^repository:team\/app:.*delete/);
  });

  test.each([
    [complaint("TAG_UNKNOWN"), "absent"],
    [undefined, "unavailable"],
  ])("answered 404 %j is %s", async (body, outcome) => {
    await using registry = await acr(404, body);
    await using client = vendorClient(registry.host, { vendor: "acr" });
    expect(await client.open().vendor.deleteTag("a", options)).toBe(outcome);
  });

  test("that is locked stays, and the error says how to unlock it", async () => {
    await using registry = await acr(405, complaint("UNSUPPORTED"));
    await using client = vendorClient(registry.host, { vendor: "acr" });
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toMatchObject({ code: "unsupported", status: 405 });
    expect(error?.hint).toContain("--delete-enabled true");
  });

  test("that may not be deleted is denied, with the role that is missing", async () => {
    await using registry = await acr(403, complaint("DENIED"));
    await using client = vendorClient(registry.host, { vendor: "acr" });
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toMatchObject({ code: "denied" });
    expect(error?.hint).toContain("AcrDelete");
  });
});
