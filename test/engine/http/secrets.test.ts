import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Credential } from "../../../engine/credentials/credential.ts";
import type { EngineEvent } from "../../../engine/events.ts";
import { json, type Script, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

const credentials: [string, Credential][] = [
  ["pass-Canary/1", { kind: "basic", username: "u", password: "pass-Canary/1" }],
  ["identity-Canary", { kind: "identity-token", token: "identity-Canary" }],
  ["registry-Canary", { kind: "registry-token", token: "registry-Canary" }],
];

const challenge = (value: string) => ({ "www-authenticate": value });

/** What a hostile or broken registry sends back of what it got, in all places that end in messages. */
const scripts: Record<string, (secret: string) => Script> = {
  "echoes the login in its challenge": () => (request, response) => {
    const { authorization } = request.headers;
    json(response, 401, {}, challenge(authorization === undefined ? "Basic" : `X ${authorization}`));
  },
  "echoes it in a redirect": (secret) => (request, response) =>
    request.headers.authorization === undefined
      ? json(response, 401, {}, challenge("Basic"))
      : response.writeHead(307, { location: `ftp://x/${request.headers.authorization}?${secret}` }).end(),
  "redirects with a signed query to nowhere": () => (_, response) =>
    response
      .writeHead(307, { location: "http://127.0.0.1:1/blob?X-Amz-Signature=signed-Canary&sig=query-Canary" })
      .end(),
  "has a token server that repeats the login": (secret) => (request, response) =>
    request.url.startsWith("/token")
      ? json(response, 401, { message: `${request.headers.authorization} ${request.body.toString()} ${secret}` })
      : json(response, 401, {}, challenge(`Bearer realm="/token"`)),
  "has a token server that breaks off": (secret) => (request, response) =>
    request.url.startsWith("/token")
      ? request.message.socket.end(`HTTP/1.1 200 OK\r\n${request.headers.authorization}: ${secret}`)
      : json(response, 401, {}, challenge(`Bearer realm="/token?realm-query=${secret}"`)),
  "has a token server that fails": (secret) => (request, response) =>
    request.url.startsWith("/token")
      ? json(response, 500, { errors: [{ message: `{"token": "invented-Canary", "password":"x"} token=${secret}` }] })
      : json(response, 401, {}, challenge(`Bearer realm="/token?realm-query=${secret}"`)),
  "sends the login in place of HTTP": (secret) => (request) =>
    request.message.socket.end(`${request.headers.authorization} ${secret}`),
};

test.each(Object.entries(scripts))("no secret leaves when a registry %s", async (_, script) => {
  for (const [secret, credential] of credentials) {
    await using server = await startServer(script(secret));
    const events: EngineEvent[] = [];
    await using http = testClient({
      registries: [{ address: server.host, plainHttp: true, headers: { "x-api-key": "header-Canary" } }],
      login: [{ address: server.host, credential }],
      retry: { attempts: 2 },
      onEvent: (event) => events.push(event),
    });
    const access = [{ repository: "app", actions: ["pull"] }] as const;
    const outcome: unknown = await http
      .send(server.host, "/v2/app/blobs/x?state=state-Canary", { access })
      .catch((thrown: unknown) => thrown);
    const told = inspect([outcome instanceof Error ? outcome : "answered", events], { depth: 10, showHidden: true });
    expect(told).not.toMatch(/Canary/);
    expect(told).not.toContain(Buffer.from(`u:${secret}`).toString("base64"));
  }
});

test("a build that leaks would be caught: the canary is in what the scripts send", async () => {
  await using server = await startServer((request, response) => response.end(request.headers.authorization));
  await using http = testClient({
    plain: [server.host],
    login: [{ address: server.host, credential: { kind: "registry-token", token: "registry-Canary" } }],
  });
  const { body } = await http.send(server.host, "/v2/");
  expect(inspect(await body.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]).toString()))).toMatch(
    /Canary/,
  );
});
