import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { KnownContainerRegistryAudience } from "@azure/container-registry";
import { AzureAuthorityHosts } from "@azure/identity";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import type { Environment } from "../../../engine/credentials/environment.ts";
import { createEngine, type Engine, parseReference, type Reference } from "../../../engine/index.ts";
import { azureClient, azureHeader, type AzureServer, azureTenant, startAzure } from "../../support/clouds/azure.ts";
import { detour, noMachine } from "../../support/clouds/detour.ts";
import { scratch } from "../../support/clouds/scratch.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { makeCertificates, type TestCertificates } from "../../support/registries/certificates.ts";
import { send } from "../../support/registries/plain-client.ts";
import { start } from "../../support/registries/profiles/profile-client.ts";
import type { Received } from "../http/scripted-server.ts";
import { startProxy } from "../http/test-proxy.ts";
import type { SdkCredential, SdkResult, SdkWork } from "./azure-sdk-program.ts";

const registry = "team.azurecr.io";
const directory = "login.microsoftonline.com";
const image = buildImage({ seed: "image", layers: [700] });

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await makeCertificates(registry, directory);
});

/** Azure with a registry, behind a proxy that leads its names to it. */
interface Cloud {
  readonly azure: AzureServer;
  /** What everybody on this machine has: the proxy, and trust in its certificates. */
  readonly environment: Environment;
  /** The requests that have come since this was asked last. */
  readonly latest: () => readonly Received[];
}

async function startCloud(): Promise<Cloud> {
  const azure = await startAzure({ tls: certificates, registry: await start("acr") });
  const { secureHost } = azure;
  const proxy = await startProxy({ names: { [registry]: secureHost, [directory]: secureHost } });
  const files = await scratch();
  onTestFinished(() => files[Symbol.asyncDispose]());
  onTestFinished(() => azure[Symbol.asyncDispose]());
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const ca = await files.write("ca.pem", certificates.ca);
  let seen = 0;
  return {
    azure,
    environment: {
      HTTPS_PROXY: `http://${proxy.host}`,
      NO_PROXY: "127.0.0.1",
      SSL_CERT_FILE: ca,
      NODE_EXTRA_CA_CERTS: ca,
    },
    latest: () => {
      const requests = azure.requests.slice(seen);
      seen += requests.length;
      return requests;
    },
  };
}

/** Runs Azure's SDK in a process that has these variables and no others. */
async function useSdk(
  environment: Environment,
  work: Partial<SdkWork> & Pick<SdkWork, "credential">,
): Promise<SdkResult> {
  const path = fileURLToPath(new URL("./azure-sdk-program.ts", import.meta.url));
  const whole: SdkWork = {
    endpoint: `https://${registry}`,
    repository: "team/app",
    reads: "ours",
    writes: "theirs",
    layer: "a layer of the SDK",
    disableInstanceDiscovery: false,
    ...work,
  };
  const env = { ...environment, WORK: JSON.stringify(whole) };
  const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", path], { env });
  return JSON.parse(stdout) as SdkResult;
}

/** Our own engine, with the same variables. */
function engineIn(environment: Environment, plain: string): Engine {
  const engine = createEngine({
    environment,
    registries: [{ address: plain, plainHttp: true }],
    retry: { attempts: 1 },
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** A registry that is not at Azure, with an image. */
async function startSource(): Promise<string> {
  const source = await startRegistry();
  onTestFinished(() => source.close());
  await push(image, { host: source.host, repository: "from/app", tag: "1" });
  return source.host;
}

const application: Environment = { AZURE_TENANT_ID: azureTenant, AZURE_CLIENT_ID: azureClient.id };

type Machine = (azure: AzureServer) => Environment;
const logins: readonly (readonly [string, SdkCredential, Machine])[] = [
  ["a client secret", "ClientSecretCredential", () => ({ ...application, AZURE_CLIENT_SECRET: azureClient.secret })],
  [
    "a client secret of a directory elsewhere",
    "ClientSecretCredential",
    ({ secureHost }) => ({
      ...application,
      AZURE_CLIENT_SECRET: azureClient.secret,
      AZURE_AUTHORITY_HOST: `https://${secureHost}`,
    }),
  ],
  [
    "the identity of a virtual machine",
    "ManagedIdentityCredential",
    ({ url }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url }),
  ],
  [
    "one of several identities of a virtual machine",
    "ManagedIdentityCredential",
    ({ url }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url, AZURE_CLIENT_ID: azureClient.id }),
  ],
  [
    "the identity of a service",
    "ManagedIdentityCredential",
    ({ url }) => ({ IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: azureHeader }),
  ],
  [
    "one of several identities of a service",
    "ManagedIdentityCredential",
    ({ url }) => ({
      IDENTITY_ENDPOINT: `${url}/msi/token`,
      IDENTITY_HEADER: azureHeader,
      AZURE_CLIENT_ID: azureClient.id,
    }),
  ],
];

const elsewhere = (environment: Environment): boolean => environment["AZURE_AUTHORITY_HOST"] !== undefined;

/** Whatever gives out tokens. */
const givesTokens = /\/(?:oauth2\/v2\.0\/token|identity\/oauth2\/token|msi\/token|oauth2\/exchange|oauth2\/token)$/;

/** What we say more than the SDK does, as the registry's documentation and the specification have it. */
const furtherOfOurs: ReadonlySet<string> = new Set([
  `POST ${registry}/oauth2/exchange tenant`,
  `POST ${registry}/oauth2/token client_id`,
]);

/** The questions for tokens: what each place was asked first, and with which parameters. */
function questions(requests: readonly Received[]): Record<string, string> {
  const asked: Record<string, string> = {};
  for (const { method, url, headers, body } of requests) {
    const { pathname, searchParams } = new URL(url, `http://${headers.host}`);
    const place = `${method} ${headers.host}${pathname.replace(/\/$/, "")}`;
    // Without this header it is the question whether anybody is there.
    const probe = place.includes("/metadata/") && headers["metadata"] === undefined;
    if (probe || !givesTokens.test(place)) continue;
    const form = method === "POST" ? new URLSearchParams(body.toString()) : [];
    for (const [name, value] of [...searchParams, ...form]) asked[`${place} ${name}`] ??= shown(name, value);
    for (const name of ["content-type", "metadata", "x-identity-header"]) {
      const [value] = String(headers[name] ?? "").split(";");
      if (value && (name !== "content-type" || method === "POST")) asked[`${place} ${name}:`] ??= value;
    }
  }
  return asked;
}

/** Tokens are new ones each time, and scopes are what is wanted next. */
function shown(name: string, value: string): string {
  if (/^(?:access|refresh)_token$/.test(name) && value !== "") return "a token";
  return value.replace(/^(repository:.*:)[a-z,_]+$/, "$1…");
}

/** Each reads what the other has pushed, and we say nothing to anybody who gives out tokens that the SDK does not say. */
async function expectBothIn({ environment, latest }: Cloud, credential: SdkCredential): Promise<void> {
  const source = await startSource();
  const engine = engineIn(environment, source);
  const at = (tag: string): Reference => parseReference(`${registry}/team/app:${tag}`);
  const plan = await engine.plan({ source: parseReference(`${source}/from/app:1`), destination: at("ours") });
  expect((await engine.apply(plan)).items).toMatchObject([{ outcome: "done" }]);
  const ours = questions(latest());

  const theirs = await useSdk(environment, { credential, disableInstanceDiscovery: elsewhere(environment) });
  expect(theirs).toEqual({
    read: image.digest,
    written: expect.stringMatching(/^sha256:/),
    layer: "a layer of the SDK",
    tags: { ours: image.digest, theirs: theirs.written },
  });
  const asked = questions(latest());

  const found = await engine.inspect(at("theirs"), { depth: "blobs" });
  expect(found).toMatchObject({ digest: theirs.written, missing: { manifests: [], blobs: [] } });
  expect(await engine.tags({ registry, repository: "team/app" })).toEqual(["ours", "theirs"]);

  const common = Object.entries(ours).filter(([name]) => !furtherOfOurs.has(name));
  expect(asked).toMatchObject(Object.fromEntries(common));
  const places = (questioned: Record<string, string>): Set<string> =>
    new Set(Object.keys(questioned).map((name) => name.replace(/ \S+$/, "")));
  expect(places(asked)).toEqual(places(ours));
  expect(places(ours).size).toBe(3);
}

describe("with the same variables Azure's own SDK and we", () => {
  test.each(logins)("get into a registry by %s", async (_, credential, machine) => {
    const cloud = await startCloud();
    const environment = { ...cloud.environment, ...machine(cloud.azure) };
    await expectBothIn({ ...cloud, environment }, credential);
  });

  test("get into a registry by the federated token of a workload", async () => {
    const cloud = await startCloud();
    await using files = await scratch();
    const AZURE_FEDERATED_TOKEN_FILE = await files.write("token", `${azureClient.assertion}\n`);
    const environment = { ...cloud.environment, ...application, AZURE_FEDERATED_TOKEN_FILE };
    await expectBothIn({ ...cloud, environment }, "WorkloadIdentityCredential");
  });

  test.each<[string, SdkCredential, Machine, RegExp]>([
    [
      "a wrong secret",
      "ClientSecretCredential",
      () => ({ ...application, AZURE_CLIENT_SECRET: "wrong" }),
      /AADSTS7000215/,
    ],
    [
      "an identity that the machine does not have",
      "ManagedIdentityCredential",
      ({ url }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url, AZURE_CLIENT_ID: "unknown" }),
      /Identity not found|invalid_request/,
    ],
    [
      "the header of another service",
      "ManagedIdentityCredential",
      ({ url }) => ({ IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: "wrong" }),
      /Unauthorized|status 401/,
    ],
  ])("are both refused with %s", async (_, credential, machine, why) => {
    const { azure, environment } = await startCloud();
    const own = { ...environment, ...machine(azure) };
    await expect(useSdk(own, { credential })).rejects.toMatchObject({ stderr: expect.stringMatching(why) });
    const engine = engineIn(own, "127.0.0.1:1");
    await expect(engine.tags({ registry, repository: "team/app" })).rejects.toMatchObject({
      code: "credentials",
      message: expect.stringMatching(why),
    });
    expect(azure.refreshTokens).toEqual([]);
  });
});

test("a refresh token that the registry has not given, and one for another registry, give no access", async () => {
  const { azure } = await startCloud();
  const [{ ca }, base] = [certificates, `https://${azure.secureHost}`];
  const exchanged = async (fields: Record<string, string>, path: string): Promise<number> => {
    const body = new URLSearchParams({ service: azure.secureHost, scope: "repository:team/app:pull", ...fields });
    return (await send(base, path, { method: "POST", body: body.toString(), ca })).status;
  };
  const refresh = { grant_type: "refresh_token", refresh_token: "a.b.c" };
  expect(await exchanged(refresh, "/oauth2/token")).toBe(401);
  expect(await exchanged({ ...refresh, service: registry }, "/oauth2/token")).toBe(400);
  expect(await exchanged({ grant_type: "access_token", access_token: "a.b.c" }, "/oauth2/exchange")).toBe(401);
});

test.each([
  ["azurecr.cn", AzureAuthorityHosts.AzureChina, KnownContainerRegistryAudience.AzureResourceManagerChina],
  ["azurecr.us", AzureAuthorityHosts.AzureGovernment, KnownContainerRegistryAudience.AzureResourceManagerGovernment],
])("registries of %s have the directory and the audience that the SDK has for them", async (zone, host, audience) => {
  await using azure = await startAzure();
  const environment = { ...application, AZURE_CLIENT_SECRET: azureClient.secret };
  const clouds = new CloudLogins({ environment, request: detour(azure), requestDirectly: noMachine });
  await clouds.find(`team.${zone}`);
  expect(azure.requests[0]?.url).toBe(`/${new URL(host).host}/${azureTenant}/oauth2/v2.0/token`);
  expect(azure.audiences).toEqual([`${audience}/.default`]);
});
