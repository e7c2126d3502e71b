import { mkdir } from "node:fs/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import type { Environment } from "../../../engine/credentials/environment.ts";
import { azureClient, azureHeader, type AzureServer, azureTenant, startAzure } from "../../support/clouds/azure.ts";
import { detour, noMachine, nowhere } from "../../support/clouds/detour.ts";
import { scratch, type Scratch } from "../../support/clouds/scratch.ts";
import { json, type Received } from "../http/scripted-server.ts";
import { failureOf } from "../failure.ts";

const registry = "team.azurecr.io";

const application: Environment = { AZURE_TENANT_ID: azureTenant, AZURE_CLIENT_ID: azureClient.id };

/** A machine that is not at Azure. */
function elsewhere(azure: AzureServer, environment: Environment): CloudLogins {
  return new CloudLogins({ environment, request: detour(azure), requestDirectly: noMachine });
}

/** A machine with a metadata service. */
function atAzure(azure: AzureServer, environment: Environment = {}): CloudLogins {
  const place = { AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.url };
  return new CloudLogins({ environment: { ...place, ...environment }, request: detour(azure) });
}

/** A home in which somebody has used `az`, and a program of this name. */
async function commandLine(files: Scratch, script: string): Promise<Environment> {
  await mkdir(`${files.directory}/.azure`);
  await files.write(".azure/azureProfile.json", "{}");
  await files.write("az", `#!/bin/sh\n${script}\n`, 0o700);
  return { HOME: files.directory, PATH: `${files.directory}:/usr/bin:/bin` };
}

const login = (azure: AzureServer) => ({ kind: "identity-token", token: azure.refreshTokens.at(-1) });

test("a client secret logs in, for the cloud that the host belongs to", async () => {
  await using azure = await startAzure();
  const clouds = elsewhere(azure, { ...application, AZURE_CLIENT_SECRET: azureClient.secret });
  for (const [host, directory, audience] of [
    ["team.azurecr.io", "login.microsoftonline.com", "https://containerregistry.azure.net/.default"],
    ["team.azurecr.cn", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default"],
    ["team.azurecr.us", "login.microsoftonline.us", "https://management.usgovcloudapi.net/.default"],
  ] as const) {
    const found = await clouds.find(host);
    expect(found).toEqual({ credential: login(azure), origin: "the client secret of AZURE_CLIENT_SECRET" });
    expect(azure.audiences.at(-1)).toBe(audience);
    const [first, second] = azure.requests.slice(-2);
    expect(first?.url).toBe(`/${directory}/${azureTenant}/oauth2/v2.0/token`);
    expect(second?.url).toBe(`/${host}/oauth2/exchange`);
    expect(new URLSearchParams(second?.body.toString()).get("tenant")).toBe(azureTenant);
  }
});

test("AZURE_AUTHORITY_HOST names another directory", async () => {
  await using azure = await startAzure();
  const environment = { ...application, AZURE_CLIENT_SECRET: azureClient.secret };
  for (const [host, expected] of [
    ["https://login.partner.microsoftonline.cn/", "login.partner.microsoftonline.cn"],
    ["login.example.com", "login.example.com"],
  ] as const) {
    await elsewhere(azure, { ...environment, AZURE_AUTHORITY_HOST: host }).find(registry);
    expect(azure.requests.at(-2)?.url).toContain(`/${expected}/${azureTenant}/`);
  }
  const clouds = elsewhere(azure, { ...environment, AZURE_AUTHORITY_HOST: "https://" });
  expect(await failureOf(() => clouds.find(registry))).toMatchObject({
    hint: expect.stringContaining("https://login"),
  });
});

test("a workload logs in with the token of its file, read anew each time", async () => {
  await using azure = await startAzure({ expiresIn: 1 });
  await using files = await scratch();
  const path = await files.write("token", `${azureClient.assertion}\n`);
  let now = Date.now();
  const clouds = new CloudLogins({
    environment: { ...application, AZURE_FEDERATED_TOKEN_FILE: path },
    request: detour(azure),
    requestDirectly: nowhere,
    now: () => now,
  });
  expect((await clouds.find(registry))?.credential).toEqual(login(azure));
  await files.write("token", "expired-Canary");
  now += 2_000;
  const error = await failureOf(() => clouds.find(registry));
  expect(error).toMatchObject({ code: "credentials", status: 401 });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("a service principal's password goes to the registry as it is, without a word to the directory", async () => {
  const environment = { AZURE_SP_ID: "principal", AZURE_SP_PASSWORD: "password", AZURE_CLIENT_SECRET: "x" };
  const clouds = new CloudLogins({ environment, request: nowhere, requestDirectly: nowhere });
  expect(await clouds.find(registry)).toEqual({
    credential: { kind: "basic", username: "principal", password: "password" },
    origin: "the service principal of AZURE_SP_ID and AZURE_SP_PASSWORD",
  });
});

test("the managed identity of a virtual machine logs in, and AZURE_CLIENT_ID chooses it", async () => {
  await using azure = await startAzure();
  expect((await atAzure(azure).find(registry))?.credential).toEqual(login(azure));
  expect(azure.audiences).toEqual(["https://containerregistry.azure.net"]);
  const chosen = await atAzure(azure, { AZURE_CLIENT_ID: azureClient.id }).find(registry);
  expect(chosen?.credential).toEqual(login(azure));
  const error = await failureOf(() => atAzure(azure, { AZURE_CLIENT_ID: "unknown" }).find(registry));
  expect(error).toMatchObject({ code: "credentials", status: 400, hint: expect.stringContaining("AZURE_CLIENT_ID") });
});

test("the managed identity of a service logs in by the address and the header that it was given", async () => {
  await using azure = await startAzure();
  const environment = { IDENTITY_ENDPOINT: `${azure.url}/msi/token`, IDENTITY_HEADER: azureHeader };
  const clouds = new CloudLogins({ environment, request: detour(azure) });
  expect(await clouds.find(registry)).toEqual({
    credential: login(azure),
    origin: "the managed identity of this service (IDENTITY_ENDPOINT)",
  });
  const wrong = new CloudLogins({ environment: { ...environment, IDENTITY_HEADER: "wrong-Canary" } });
  const error = await failureOf(() => wrong.find(registry));
  expect(error).toMatchObject({ code: "credentials", status: 401 });
  expect(String(error)).not.toContain("Canary");
});

test("who is logged in with az is logged in here, for the same audience", async () => {
  await using azure = await startAzure();
  await using machine = await startAzure();
  await using files = await scratch();
  // The command line has its token from the same directory.
  const direct = atAzure(azure);
  await direct.find(registry);
  const token = azure.requests.findLast(({ url }) => url.endsWith("/exchange"));
  const accessToken = new URLSearchParams(token?.body.toString()).get("access_token");
  const environment = await commandLine(
    files,
    `[ "$*" = "account get-access-token --output json --resource https://containerregistry.azure.net" ] || exit 2
cat <<END
${JSON.stringify({ accessToken, expiresOn: "2030-01-01 00:00:00.000000", subscription: "s", tenant: azureTenant, tokenType: "Bearer" })}
END`,
  );
  const found = await elsewhere(azure, environment).find(registry);
  expect(found).toEqual({ credential: login(azure), origin: "the login of the Azure command line (az)" });
  expect(machine.requests).toEqual([]);
});

test.each([
  ["nobody is logged in with az", `echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`],
  ["az is not installed", undefined],
])("the registry is used anonymously where %s", async (_, script) => {
  await using azure = await startAzure();
  await using files = await scratch();
  const environment = script === undefined ? { HOME: files.directory, PATH: "" } : await commandLine(files, script);
  await expect(elsewhere(azure, environment).find(registry)).resolves.toBeUndefined();
  expect(azure.requests).toEqual([]);
});

test("az is not started where it has never been used", async () => {
  await using azure = await startAzure();
  await using files = await scratch();
  const environment = await commandLine(files, `echo started > ${files.directory}/started; exit 1`);
  const elsewhereHome = { ...environment, AZURE_CONFIG_DIR: `${files.directory}/none` };
  await expect(elsewhere(azure, elsewhereHome).find(registry)).resolves.toBeUndefined();
  // The same program fails where it is asked, so the silence above is not its own.
  expect(await failureOf(() => elsewhere(azure, environment).find(registry))).toMatchObject({ code: "credentials" });
});

test.each([
  [
    "whose login has expired",
    `echo "ERROR: AADSTS70043: The refresh token has expired secret-Canary; run az login" >&2; exit 1`,
    /AADSTS70043/,
  ],
  ["that fails", `echo "secret-Canary" >&2; exit 1`, /no token/],
  ["that prints junk", `echo "secret-Canary"`, /no token/],
  ["that prints far too much", "yes secret-Canary", /no token/],
])("a command line %s is an error that does not repeat it", async (_, script, why) => {
  await using azure = await startAzure();
  await using files = await scratch();
  const clouds = elsewhere(azure, await commandLine(files, script));
  const error = await failureOf(() => clouds.find(registry));
  expect(error).toMatchObject({ code: "credentials", message: expect.stringMatching(why) });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("a machine without an identity, and one of another cloud, are anonymous", async () => {
  await using azure = await startAzure({ identity: false });
  await expect(atAzure(azure).find(registry)).resolves.toBeUndefined();
  await using other = await startAzure({
    onRequest: (_, response) => {
      response.writeHead(404).end();
      return true;
    },
  });
  await expect(atAzure(other).find(registry)).resolves.toBeUndefined();
});

test("the metadata service is asked whether it is there with nothing that a stand-in could take for a question", async () => {
  await using azure = await startAzure();
  await atAzure(azure).find(registry);
  const [probe] = azure.requests;
  expect(probe?.url).toBe("/metadata/identity/oauth2/token");
  expect(probe?.headers).not.toHaveProperty("metadata");
});

test.each([
  [410, "unavailable"],
  [429, "rate-limited"],
  [503, "unavailable"],
])("a metadata service that is there and answers %i is no machine without an identity", async (status, code) => {
  await using azure = await startAzure({
    onRequest: ({ url }, response) => {
      if (!url.startsWith("/metadata/")) return false;
      response.writeHead(status).end();
      return true;
    },
  });
  expect(await failureOf(() => atAzure(azure).find(registry))).toMatchObject({ code, status, registry });
});

test.each([
  [
    "a secret without its application",
    { AZURE_CLIENT_SECRET: "secret-Canary", AZURE_TENANT_ID: azureTenant },
    /AZURE_CLIENT_ID is not set/,
  ],
  [
    "a secret without its directory",
    { AZURE_CLIENT_SECRET: "secret-Canary", AZURE_CLIENT_ID: "x" },
    /AZURE_TENANT_ID is not set/,
  ],
  [
    "a wrong secret",
    { ...application, AZURE_CLIENT_SECRET: "wrong-Canary" },
    /status 401 \(invalid_client, AADSTS7000215\)/,
  ],
  [
    "an unknown application",
    { ...application, AZURE_CLIENT_ID: "x", AZURE_CLIENT_SECRET: "x-Canary" },
    /unauthorized_client, AADSTS700016/,
  ],
  [
    "an unknown directory",
    { ...application, AZURE_TENANT_ID: "../x?y", AZURE_CLIENT_SECRET: "x-Canary" },
    /AADSTS90002/,
  ],
  ["a federated token that is missing", { ...application, AZURE_FEDERATED_TOKEN_FILE: "/dev/null/token" }, /ENOTDIR/],
  ["a federated token in a directory", { ...application, AZURE_FEDERATED_TOKEN_FILE: "/" }, /EISDIR/],
  ["half a service principal", { AZURE_SP_PASSWORD: "secret-Canary" }, /AZURE_SP_ID is not set/],
  [
    "an address of a service that is none",
    { IDENTITY_ENDPOINT: "msi", IDENTITY_HEADER: "header-Canary" },
    /IDENTITY_ENDPOINT is no address/,
  ],
])("%s is an error without a secret, never an anonymous request", async (_, environment, why) => {
  await using azure = await startAzure();
  const error = await failureOf(() => elsewhere(azure, environment).find(registry));
  expect(error).toMatchObject({ code: "credentials", registry, message: expect.stringMatching(why) });
  expect(error?.hint).toBeDefined();
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

const environment = { ...application, AZURE_CLIENT_SECRET: azureClient.secret };
const isExchange = ({ url }: Received): boolean => url.endsWith("/oauth2/exchange");

test.each([
  ["refuses the identity", 401, { errors: [{ code: "UNAUTHORIZED", message: "secret-Canary" }] }, "credentials"],
  ["has no token in its answer", 200, { refresh_token: "two words-Canary" }, "credentials"],
  ["has a list for an answer", 200, [], "credentials"],
  ["has a problem", 503, {}, "unavailable"],
  ["asks for a pause", 429, {}, "rate-limited"],
])("a registry that %s when tokens are exchanged ends in an error", async (_, status, answer, code) => {
  await using azure = await startAzure({
    onRequest: (request, response) => {
      if (!isExchange(request)) return false;
      json(response, status, answer);
      return true;
    },
  });
  const error = await failureOf(() => elsewhere(azure, environment).find(registry));
  expect(error).toMatchObject({ code, status, registry });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("a directory and a registry out of reach are no broken logins", async () => {
  const directory = new CloudLogins({ environment, request: noMachine, requestDirectly: noMachine });
  expect(await failureOf(() => directory.find(registry))).toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("login.microsoftonline.com can't be reached (ECONNREFUSED)"),
  });
  await using azure = await startAzure({
    onRequest: (request) => {
      if (isExchange(request)) request.message.socket.destroy();
      return isExchange(request);
    },
  });
  expect(await failureOf(() => elsewhere(azure, environment).find(registry))).toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("the registry can't be reached"),
  });
});
