import { describe, expect, test } from "vitest";
import { failureOf } from "../../failure.ts";
import { json, type Received, type Script, startServer } from "../../http/scripted-server.ts";
import { digest, other, secret, vendorClient } from "./vendor-client.ts";

interface Version {
  id: number;
  name: string;
  metadata: { container: { tags: unknown } };
}

function version(id: number, name: string, ...tags: string[]): Version {
  return { id, name, metadata: { container: { tags } } };
}

interface Answers {
  readonly kind?: "orgs" | "users";
  readonly scopes?: string;
  readonly deletion?: Script;
}

/** Packages of one owner; the list may change between requests. */
function github(versions: Version[], { kind = "orgs", scopes, deletion }: Answers = {}) {
  const place = `/${kind}/team/packages/container/app`;
  return startServer((request, response) => {
    const { method, url } = request;
    const { pathname, searchParams } = new URL(url, "http://x");
    const headers = scopes === undefined ? {} : { "x-oauth-scopes": scopes };
    const id = Number(/\/versions\/(\d+)$/.exec(pathname)?.[1]);
    const one = versions.find((each) => each.id === id);
    if (!pathname.startsWith(place)) json(response, 404, { message: "Not Found" });
    else if (pathname === place && method === "DELETE") {
      versions.splice(0);
      response.writeHead(204).end();
    } else if (pathname === place) json(response, 200, { name: "app" }, headers);
    else if (pathname === `${place}/versions`) {
      const page = Number(searchParams.get("page"));
      json(response, 200, versions.slice((page - 1) * 100, page * 100), headers);
    } else if (one === undefined) json(response, 404, { message: "Not Found" });
    else if (method === "GET") json(response, 200, one);
    else if (deletion !== undefined) deletion(request, response);
    else {
      versions.splice(versions.indexOf(one), 1);
      response.writeHead(204).end();
    }
  });
}

function steps(requests: readonly Received[]): string[] {
  return requests.map(({ method, url }) => `${method} ${url.replace("/packages/container", "")}`);
}

describe("a manifest at ghcr.io", () => {
  test("is deleted as the version of its package, which is looked at right before", async () => {
    await using api = await github([version(8, other, "b"), version(7, digest)]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().manifests.delete(digest)).toEqual({ status: 204 });
    expect(steps(api.requests)).toEqual([
      "GET /orgs/team/app",
      "GET /orgs/team/app/versions?per_page=100&page=1",
      "GET /orgs/team/app/versions/7",
      "DELETE /orgs/team/app/versions/7",
    ]);
    for (const { headers } of api.requests) {
      expect(headers).toMatchObject({ authorization: `Bearer ${secret}`, "x-github-api-version": "2022-11-28" });
    }
  });

  test("of a user is found at the user's address, which is remembered with all that was listed", async () => {
    await using api = await github([version(8, other), version(7, digest)], { kind: "users" });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    await client.open().manifests.delete(digest);
    await client.open().manifests.delete(other);
    expect(steps(api.requests).slice(-2)).toEqual([
      "GET /users/team/app/versions/8",
      "DELETE /users/team/app/versions/8",
    ]);
    expect(api.requests).toHaveLength(7);
  });

  test("is found on a later page", async () => {
    const many = Array.from({ length: 250 }, (_each, index) =>
      version(1000 + index, `sha256:${String(index).padStart(64, "0")}`),
    );
    await using api = await github([...many, version(7, digest)]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().manifests.delete(digest)).toEqual({ status: 204 });
    expect(steps(api.requests).filter((step) => step.includes("page="))).toHaveLength(3);
  });

  test("that is not there is 404, which shows that deletes are possible", async () => {
    await using api = await github([version(8, other)]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().manifests.delete(digest)).toEqual({ status: 404 });
  });

  test("goes with the one tag that may go with it", async () => {
    await using api = await github([version(7, digest, "1.27")]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().manifests.delete(digest, { onlyTag: "1.27" })).toEqual({ status: 204 });
  });

  test.each([
    ["another tag beside it", ["1.27", "latest"], "1.27"],
    ["another tag than that", ["latest"], "1.27"],
    ["any tag when none may go", ["1.27"], undefined],
  ])("is kept with %s", async (_name, tags, onlyTag) => {
    await using api = await github([version(7, digest, ...tags)]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const answer = await client.open().manifests.delete(digest, { onlyTag });
    expect(answer).toMatchObject({ status: 409, error: { code: "conflict" } });
    expect(api.requests.some(({ method }) => method === "DELETE")).toBe(false);
  });

  test("that was tagged after it was listed is kept", async () => {
    const seven = version(7, digest);
    await using api = await github([version(8, other), seven]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    await client.open().manifests.delete(other);
    await client.open().manifests.delete(`sha256:${"0".repeat(64)}` as typeof digest);
    seven.metadata.container.tags = ["latest"];
    expect(await client.open().manifests.delete(digest)).toMatchObject({ status: 409 });
  });

  test("that was just pushed is looked for until it is listed", async () => {
    let lists = 0;
    const seven = version(7, digest, "1.27");
    await using api = await startServer(({ method, url }, response) => {
      if (url.endsWith("/app")) json(response, 200, {});
      else if (url.includes("?")) json(response, 200, (lists += 1) < 2 ? [] : [seven]);
      else if (method === "GET") json(response, 200, seven);
      else response.writeHead(204).end();
    });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().manifests.delete(digest, { onlyTag: "1.27" })).toEqual({ status: 204 });
    expect(lists).toBe(2);
  });

  test("is left to the registry's own protocol where there is no login for the API", async () => {
    await using registry = await startServer((_request, response) => json(response, 405, { errors: [] }));
    await using client = vendorClient(registry.host, { vendor: "ghcr", apiUrl: registry.url }, { kind: "anonymous" });
    expect(await client.open().manifests.delete(digest)).toMatchObject({ status: 405 });
    expect(steps(registry.requests)).toEqual([`DELETE /v2/team/app/manifests/${digest}`]);
  });

  test("of another host that is only said to be ghcr is not asked for at GitHub", async () => {
    await using registry = await startServer((_request, response) => json(response, 405, { errors: [] }));
    await using client = vendorClient(registry.host, { vendor: "ghcr" });
    expect(await client.open().manifests.delete(digest)).toMatchObject({ status: 405 });
    expect(registry.requests).toHaveLength(1);
  });
});

test("a tag of ghcr.io cannot be deleted by itself, which costs no request", async () => {
  await using api = await github([version(7, digest, "1.27")]);
  await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
  expect(await client.open().vendor.deleteTag("1.27", { digest })).toBe("unavailable");
  expect(api.requests).toHaveLength(0);
});

describe("before a tag of ghcr.io is moved to be deleted with its manifest", () => {
  test("another tag of the package is looked for, as GitHub keeps the last one", async () => {
    const versions = [version(7, digest, "1.27"), version(8, other)];
    await using api = await github(versions);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const error = await failureOf(() => client.open().vendor.checkStandIn("1.27"));
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error?.hint).toContain("Delete the package itself");
    versions.push(version(9, `sha256:${"1".repeat(64)}`, "latest"));
    await client.open().vendor.checkStandIn("1.27");
    expect(api.requests.every(({ method }) => method === "GET")).toBe(true);
  });

  test("another tag on the same manifest is enough: it stays there", async () => {
    await using api = await github([version(7, digest, "1.27", "latest")]);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    await client.open().vendor.checkStandIn("1.27");
    expect(api.requests).toHaveLength(2);
  });

  test("a token that may not delete is told from one that may", async () => {
    await using api = await github([version(7, digest, "a", "b")], { scopes: "read:packages" });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await failureOf(() => client.open().vendor.checkStandIn("a"))).toMatchObject({ code: "denied" });
  });
});

describe("a package of ghcr.io", () => {
  test("is deleted as a whole when there is nothing else in it", async () => {
    const versions = [version(7, digest, "1.27"), version(8, other)];
    await using api = await github(versions);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const all = new Set([digest, other]);
    expect(await client.open().vendor.deleteRepository(all, { onlyTag: "1.27" })).toBe("deleted");
    expect(steps(api.requests).at(-1)).toBe("DELETE /orgs/team/app");
    expect(versions).toEqual([]);
  });

  test.each([
    ["somebody else's manifest", new Set([digest]), "1.27"],
    ["somebody else's tag", new Set([digest, other]), "latest"],
    ["any tag when none may go", new Set([digest, other]), undefined],
  ])("stays with %s in it", async (_name, contents, onlyTag) => {
    const versions = [version(7, digest, "1.27"), version(8, other)];
    await using api = await github(versions);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().vendor.deleteRepository(contents, { onlyTag })).toBe("others");
    expect(versions).toHaveLength(2);
  });

  test("stays when a foreign manifest is on the last of its pages", async () => {
    const many = Array.from({ length: 200 }, (_each, index) =>
      version(1000 + index, `sha256:${String(index).padStart(64, "0")}`),
    );
    const ours = new Set(many.map(({ name }) => name as typeof digest));
    const versions = [...many, version(7, digest)];
    await using api = await github(versions);
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await client.open().vendor.deleteRepository(ours, {})).toBe("others");
    expect(versions).toHaveLength(201);
  });

  test("is never deleted at another registry", async () => {
    await using registry = await startServer((_request, response) => response.end());
    for (const vendor of ["harbor", "docker-hub", "ecr", undefined] as const) {
      await using client = vendorClient(registry.host, vendor === undefined ? {} : { vendor });
      expect(await client.open().vendor.deleteRepository(new Set([digest]), {})).toBe("unavailable");
    }
    expect(registry.requests).toHaveLength(0);
  });
});

test("a registry that deletes no tagged manifest is not tried, and one of which nothing is known costs no request", async () => {
  await using hub = vendorClient("r.example", { vendor: "docker-hub" });
  expect(await failureOf(() => hub.open().vendor.checkStandIn("a"))).toMatchObject({ code: "unsupported" });
  await using registry = await startServer((_request, response) => response.end());
  await using client = vendorClient(registry.host, {});
  await client.open().vendor.checkStandIn("a");
  expect(registry.requests).toHaveLength(0);
});

describe("GitHub refuses", () => {
  test.each([
    [401, {}, "unauthorized"],
    [403, {}, "denied"],
    [403, { "x-ratelimit-remaining": "0" }, "rate-limited"],
    [403, { "retry-after": "60" }, "rate-limited"],
    [500, {}, "unavailable"],
  ])("with %i %j, which is %s", async (status, headers, code) => {
    const deletion: Script = (_request, response) => json(response, status, { message: "No" }, headers);
    await using api = await github([version(7, digest)], { deletion });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const error = await failureOf(() => client.open().manifests.delete(digest));
    expect(error).toMatchObject({ code, status });
    const isLogin = code === "denied" || code === "unauthorized";
    expect(error?.hint?.includes("delete:packages") ?? false).toBe(isLogin);
  });

  test("to delete the last tagged version, which is an answer that says what to do", async () => {
    const message = "You cannot delete the last tagged version of a package. You must delete the package instead.";
    const deletion: Script = (_request, response) => json(response, 400, { message });
    await using api = await github([version(7, digest, "a")], { deletion });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const answer = await client.open().manifests.delete(digest, { onlyTag: "a" });
    expect(answer.status).toBe(400);
    expect(answer.error?.message).toContain("last tagged version");
    expect(answer.error?.hint).toContain("delete the package itself");
  });

  test("a token without the scope, which is known before anything is changed", async () => {
    await using api = await github([version(7, digest)], { scopes: "repo, write:packages" });
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    const error = await failureOf(() => client.open().manifests.delete(digest));
    expect(error).toMatchObject({ code: "denied" });
    expect(error?.hint).toContain("delete:packages");
    expect(api.requests.some(({ method }) => method === "DELETE")).toBe(false);
  });

  test("to show the package, which means that the token may not see it", async () => {
    await using api = await startServer((_request, response) => json(response, 404, { message: "Not Found" }));
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await failureOf(() => client.open().manifests.delete(digest))).toMatchObject({ code: "denied" });
  });
});

describe("a list of versions that nobody can trust deletes nothing:", () => {
  const bad: [string, unknown][] = [
    ["no list", { message: "hello" }],
    ["null", null],
    ["a version without tags", [{ id: 7, name: digest, metadata: {} }]],
    ["tags that are no list", [{ ...version(7, digest), metadata: { container: { tags: "a" } } }]],
    ["a tag that is none", [version(7, digest, "../x")]],
    ["a number that is none", [{ ...version(7, digest), id: "7" }]],
    ["a negative number", [version(-7, digest)]],
    ["a name that is no digest", [version(7, "latest")]],
  ];
  test.each(bad)("%s", async (_name, list) => {
    await using api = await startServer(({ url }, response) => json(response, 200, url.includes("?") ? list : {}));
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await failureOf(() => client.open().manifests.delete(digest))).toMatchObject({ code: "protocol" });
    expect(api.requests.some(({ method }) => method === "DELETE")).toBe(false);
  });

  test("a version of another digest under its number", async () => {
    await using api = await startServer(({ url }, response) =>
      json(response, 200, url.includes("?") ? [version(7, digest)] : version(7, other)),
    );
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await failureOf(() => client.open().manifests.delete(digest))).toMatchObject({ code: "protocol" });
  });

  test("pages without an end", async () => {
    const page = Array.from({ length: 100 }, (_each, index) =>
      version(index + 1, `sha256:${String(index).padStart(64, "0")}`),
    );
    await using api = await startServer(({ url }, response) => json(response, 200, url.includes("?") ? page : {}));
    await using client = vendorClient("r.example", { vendor: "ghcr", apiUrl: api.url });
    expect(await failureOf(() => client.open().manifests.delete(digest))).toMatchObject({ code: "protocol" });
    expect(api.requests.length).toBeLessThan(5);
  });
});
