import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createCredentialChain } from "../../../engine/credentials/chain.ts";
import { HttpClient } from "../../../engine/http/client.ts";
import type { HttpRequest } from "../../../engine/http/message.ts";
import { helperPrograms } from "../credentials/helper-programs.ts";
import { json, startServer } from "./scripted-server.ts";
import { startTokenRegistry } from "./token-server.ts";

/** A helper whose answer is the first line of a file, and a client that asks it. */
async function expiring(host: string) {
  const programs = await helperPrograms();
  const { directory, environment } = programs;
  await programs.add(
    "expiring",
    `cat > /dev/null; echo asked >> "$DIR/asked"
printf '{"Username": "u", "Secret": "%s"}' "$(cat "$DIR/password")"`,
  );
  const credentials = createCredentialChain({
    explicit: [{ address: host, credential: { kind: "helper", name: "expiring" } }],
    environment,
  });
  const client = new HttpClient({
    userAgent: "test",
    environment: {},
    credentials,
    registries: [{ address: host, plainHttp: true }],
    retry: { attempts: 1 },
  });
  onTestFinished(() => client.close());
  return {
    programs,
    expire: (password: string) => writeFile(join(directory, "password"), password),
    get: (url: string, more: Partial<HttpRequest> = {}) =>
      client.send({ operation: "get", registry: host, method: "GET", url, kind: "control", ...more }),
  };
}

const basicRegistry = (good: () => string) =>
  startServer((request, response) => {
    const sent = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
    return sent === `u:${good()}` ? response.end("ok") : json(response, 401, {}, { "www-authenticate": "Basic" });
  });

test("an expired login of a helper is asked for once more, and the request goes on", async () => {
  let password = "first";
  await using server = await basicRegistry(() => password);
  const { programs, expire, get } = await expiring(server.host);
  await expire("first");
  expect((await get("/v2/a")).status).toBe(200);
  password = "second";
  await expire("second");
  expect((await Promise.all(["/v2/b", "/v2/c", "/v2/d"].map((url) => get(url)))).map(({ status }) => status)).toEqual([
    200, 200, 200,
  ]);
  expect(await programs.asked()).toHaveLength(2);
  expect((await get("/v2/e")).status).toBe(200);
  expect(await programs.asked()).toHaveLength(2);
});

test("an expired login of a helper is asked for once more when the token server refuses it", async () => {
  let password = "first";
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    challenge: (url, request) => `Bearer realm="${url}/token",scope="repository:${request.url.slice(4)}:pull"`,
    onToken: ({ authorization }, response) => {
      if (authorization === `Basic ${Buffer.from(`u:${password}`).toString("base64")}`) return false;
      json(response, 401, { errors: [{ code: "UNAUTHORIZED" }] });
      return true;
    },
  });
  const { programs, expire, get } = await expiring(registry.host);
  await expire("first");
  expect((await get("/v2/a/tags/list", { access: [{ repository: "a", actions: ["pull"] }] })).status).toBe(200);
  password = "second";
  await expire("second");
  expect((await get("/v2/b/tags/list", { access: [{ repository: "b", actions: ["pull"] }] })).status).toBe(200);
  expect(await programs.asked()).toHaveLength(2);
});

test("an expired login of a helper is a refusal when the helper has no other one, and it is not asked for each request", async () => {
  let password = "first";
  await using server = await basicRegistry(() => password);
  const { programs, expire, get } = await expiring(server.host);
  await expire("first");
  expect((await get("/v2/a")).status).toBe(200);
  password = "second";
  for (let turn = 0; turn < 5; turn += 1) expect((await get("/v2/b")).status).toBe(401);
  expect(await programs.asked()).toHaveLength(2);
});

test("an expired login of a helper is a refusal when the helper has none any more: nobody slides to anonymous", async () => {
  let password = "first";
  await using server = await basicRegistry(() => password);
  const { programs, expire, get } = await expiring(server.host);
  await expire("first");
  expect((await get("/v2/a")).status).toBe(200);
  password = "second";
  await programs.add("expiring", `echo "credentials not found in native keychain"; exit 1`);
  await expect(get("/v2/b")).rejects.toMatchObject({ code: "credentials" });
});
