import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import { azureClient, azureTenant, startAzure } from "../../support/clouds/azure.ts";
import { detourOf, nowhere } from "../../support/clouds/detour.ts";
import { failureOf } from "../failure.ts";
import { json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

const environment = {
  AZURE_TENANT_ID: azureTenant,
  AZURE_CLIENT_ID: azureClient.id,
  AZURE_CLIENT_SECRET: azureClient.secret,
};

test("a cloud is asked like a registry: again after a failure, with a name, and without anybody's login", async () => {
  let failures = 2;
  await using azure = await startAzure({
    onRequest: (_, response) => {
      failures -= 1;
      if (failures >= 0) json(response, 503, {});
      return failures >= 0;
    },
  });
  await using http = testClient({
    login: [{ address: azure.host, credential: { kind: "registry-token", token: "registry-Canary" } }],
  });
  const clouds = new CloudLogins({
    environment,
    request: (message, signal) => http.client.askService({ ...message, url: detourOf(azure, message.url) }, signal),
    requestDirectly: nowhere,
  });
  const found = await clouds.find("team.azurecr.io");
  expect(found?.credential).toEqual({ kind: "identity-token", token: azure.refreshTokens[0] });
  expect(azure.requests).toHaveLength(4);
  for (const { headers } of azure.requests) {
    expect(headers["user-agent"]).toBe("imagesync/test");
    expect(headers.authorization).toBeUndefined();
  }
});

test("a secret follows no redirect", async () => {
  await using thief = await startServer((_, response) => json(response, 200, { access_token: "x" }));
  for (const status of [301, 302, 303, 307, 308]) {
    await using service = await startServer((_, response) =>
      response.writeHead(status, { location: `${thief.url}/token` }).end(),
    );
    await using http = testClient();
    const message = {
      method: "POST",
      url: new URL(`${service.url}/token`),
      headers: {},
      body: Buffer.from("secret"),
    } as const;
    expect((await http.client.askService(message, new AbortController().signal)).status).toBe(status);
  }
  expect(thief.requests).toEqual([]);
});

test("an answer without end is refused, a stopped question ends, and a service that is not there is named", async () => {
  await using service = await startServer(({ url }, response) => {
    if (url === "/silent") return;
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", more);
    more();
  });
  await using http = testClient({ retry: { attempts: 1 } });
  const ask = (url: string, signal: AbortSignal = new AbortController().signal) =>
    http.client.askService({ method: "GET", url: new URL(url), headers: {} }, signal);
  expect(await failureOf(() => ask(`${service.url}/endless`))).toMatchObject({ code: "limit" });
  const stop = new AbortController();
  const silent = failureOf(() => ask(`${service.url}/silent`, stop.signal));
  stop.abort();
  expect(await silent).toMatchObject({ code: "aborted" });

  const clouds = new CloudLogins({
    environment,
    request: (message, signal) => http.client.askService({ ...message, url: new URL("http://127.0.0.1:1/") }, signal),
    requestDirectly: nowhere,
  });
  const error = await failureOf(() => clouds.find("team.azurecr.io"));
  expect(error).toMatchObject({ code: "unavailable", registry: "team.azurecr.io" });
  expect(error?.message).toContain("AZURE_CLIENT_SECRET");
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});
