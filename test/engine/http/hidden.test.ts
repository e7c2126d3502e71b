import { describe, expect, test } from "vitest";
import type { Credential } from "../../../engine/credentials/credential.ts";
import type { Access } from "../../../engine/http/message.ts";
import { deferred, json, type ScriptedServer, startServer } from "./scripted-server.ts";
import { testClient, type TestClient } from "./test-client.ts";
import { startTokenRegistry } from "./token-server.ts";

const pull: Access[] = [{ repository: "private/app", actions: ["pull"] }];
const login: Credential = { kind: "basic", username: "u", password: "p" };
const authorization = `Basic ${Buffer.from("u:p").toString("base64")}`;
const hidden = "/v2/private/app/manifests/1";

function clientFor(host: string, credential: Credential | undefined = login): TestClient {
  return testClient({ plain: [host], login: credential === undefined ? [] : [{ address: host, credential }] });
}

/** A registry that tells the anonymous nothing of what is private, and asks for a login only at its base. */
async function startHiding(status: number, base = 401): Promise<ScriptedServer> {
  return await startServer((request, response) => {
    if (request.headers.authorization === authorization) return response.end("ok");
    if (request.url === "/v2/public") return response.end("ok");
    if (request.url === "/v2/") return json(response, base, {}, base === 401 ? { "www-authenticate": "Basic" } : {});
    return json(response, status, {});
  });
}

describe.each([403, 404])("a registry that answers the anonymous %d, and does not ask for a login", (status) => {
  test("gets the login that there is, after one question, and at once from then on", async () => {
    await using server = await startHiding(status);
    await using http = clientFor(server.host);
    expect((await http.send(server.host, hidden, { access: pull })).status).toBe(200);
    expect((await http.send(server.host, hidden, { access: pull })).status).toBe(200);
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      [hidden, undefined],
      ["/v2/", undefined],
      [hidden, authorization],
      [hidden, authorization],
    ]);
  });

  test("gets it for all that ask at the same time, after one question", async () => {
    await using server = await startHiding(status);
    await using http = clientFor(server.host);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => http.send(server.host, hidden, { access: pull })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(server.requests.filter(({ url }) => url === "/v2/")).toHaveLength(1);
  });

  test("is asked by who writes only when the write fails", async () => {
    await using server = await startHiding(status);
    await using http = clientFor(server.host);
    const access: Access[] = [{ repository: "private/app", actions: ["pull", "push"] }];
    expect((await http.send(server.host, hidden, { access, method: "HEAD" })).status).toBe(status);
    const upload = "/v2/private/app/blobs/uploads/";
    expect((await http.send(server.host, upload, { access, method: "POST" })).status).toBe(200);
    expect(server.requests.map(({ method }) => method)).toEqual(["HEAD", "POST", "GET", "POST"]);
  });

  test("is not asked where there is no login", async () => {
    await using server = await startHiding(status);
    await using http = testClient({ plain: [server.host] });
    expect((await http.send(server.host, hidden)).status).toBe(status);
    expect(server.requests.map(({ url }) => url)).toEqual([hidden]);
  });

  test("is not asked once it has answered something openly", async () => {
    await using server = await startHiding(status);
    await using http = clientFor(server.host);
    await http.send(server.host, "/v2/public");
    expect((await http.send(server.host, hidden, { access: pull })).status).toBe(status);
    expect(server.requests.map(({ url }) => url)).toEqual(["/v2/public", hidden]);
  });

  test.each([200, 404])("is asked once where its base answers %d, and believed", async (base) => {
    await using server = await startHiding(status, base);
    await using http = clientFor(server.host);
    for (let time = 0; time < 3; time += 1) {
      expect((await http.send(server.host, hidden, { access: pull })).status).toBe(status);
    }
    expect(server.requests.map(({ url }) => url)).toEqual([hidden, "/v2/", hidden, hidden]);
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

test("a registry of tokens that hides gets the token of the login", async () => {
  await using registry = await startTokenRegistry((_request, response) => response.end("ok"));
  await using front = await startServer(async (request, response) => {
    const { authorization: sent } = request.headers;
    if (sent === undefined && request.url !== "/v2/") return json(response, 404, {});
    const answer = await fetch(`${registry.url}${request.url}`, {
      headers: sent === undefined ? {} : { authorization: sent },
    });
    return json(response, answer.status, {}, { "www-authenticate": answer.headers.get("www-authenticate") ?? "" });
  });
  await using http = testClient({
    plain: [front.host, registry.host],
    login: [{ address: front.host, credential: login }],
  });
  expect((await http.send(front.host, hidden, { access: pull })).status).toBe(200);
  expect(registry.questions).toMatchObject([{ authorization, scopes: ["repository:private/app:pull"] }]);
});

test("whoever is stopped while the registry is asked leaves the question to the others", async () => {
  const stop = new AbortController();
  const question = deferred();
  let asked = 0;
  await using server = await startServer((request, response) => {
    if (request.headers.authorization === authorization) return response.end("ok");
    if (request.url !== "/v2/") return json(response, 404, {});
    asked += 1;
    // The first question is never answered: who has asked it is stopped.
    if (asked === 1) return question.resolve();
    return json(response, 401, {}, { "www-authenticate": "Basic" });
  });
  await using http = clientFor(server.host);
  const first = http.send(server.host, hidden, { access: pull, signal: stop.signal });
  await question.promise;
  const second = http.send(server.host, hidden, { access: pull });
  stop.abort();
  await expect(first).rejects.toMatchObject({ code: "aborted" });
  expect((await second).status).toBe(200);
});
