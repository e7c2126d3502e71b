import { inspect } from "node:util";
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import { requestDirectly } from "../../../engine/credentials/cloud-request.ts";
import { accessKey, amazonError, type AmazonServer, startAmazon } from "../../support/clouds/amazon.ts";
import { noMachine, nowhere } from "../../support/clouds/detour.ts";
import { scratch } from "../../support/clouds/scratch.ts";
import { json, startServer } from "../http/scripted-server.ts";
import { failureOf } from "../failure.ts";

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  // Nothing of this machine may be found, and nobody is asked whether it is Amazon's.
  vi.stubEnv("HOME", "/dev/null");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
});
afterEach(() => vi.unstubAllEnvs());

const keys = { AWS_ACCESS_KEY_ID: accessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey };

function environmentOf(amazon: AmazonServer): Record<string, string> {
  return { ...keys, AWS_ENDPOINT_URL_ECR: amazon.url, AWS_ENDPOINT_URL_ECR_PUBLIC: amazon.url };
}

test.each([
  ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"],
  ["999999999999.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["123456789012.dkr-ecr.ap-southeast-2.on.aws", "ap-southeast-2"],
])("%s is asked for in its own region, whatever the environment says", async (registry, region) => {
  await using amazon = await startAmazon();
  const environment = { ...environmentOf(amazon), AWS_REGION: "us-east-2", AWS_DEFAULT_REGION: "us-west-2" };
  const found = await new CloudLogins({ environment }).find(registry);
  expect(found).toEqual({
    credential: { kind: "basic", username: "AWS", password: `password-1-${region}` },
    origin: "the AWS credentials of this environment",
  });
  expect(amazon.calls).toMatchObject([{ action: "GetAuthorizationToken", region, service: "ecr" }]);
});

test.each([
  ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "api.ecr.eu-central-1.amazonaws.com"],
  ["123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "api.ecr-fips.us-east-1.amazonaws.com"],
  ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"],
  ["123456789012.dkr-ecr.eu-west-1.on.aws", "ecr.eu-west-1.api.aws"],
  ["123456789012.dkr-ecr-fips.us-west-2.on.aws", "ecr-fips.us-west-2.api.aws"],
  ["public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com"],
])("without an address of its own the login for %s comes from %s", async (registry, api) => {
  await using amazon = await startAmazon();
  const asked: string[] = [];
  const clouds = new CloudLogins({
    environment: keys,
    request: (message, signal) => {
      asked.push(message.url.host);
      return requestDirectly({ ...message, url: new URL(amazon.url), headers: message.headers }, signal);
    },
  });
  // The signature is for the real host, so the server refuses it; whom it was sent to is what counts here.
  expect(await failureOf(() => clouds.find(registry))).toMatchObject({ registryCode: "InvalidSignatureException" });
  expect(asked).toEqual([api]);
});

test("the public gallery has a login of its own service, from its one region", async () => {
  await using amazon = await startAmazon();
  const environment = { ...environmentOf(amazon), AWS_REGION: "eu-west-1" };
  const found = await new CloudLogins({ environment }).find("public.ecr.aws");
  expect(found?.credential).toEqual({ kind: "basic", username: "AWS", password: "password-1-us-east-1" });
  expect(amazon.calls).toMatchObject([{ action: "GetAuthorizationToken", service: "ecr-public" }]);
});

test("credentials that may not use the public gallery are none for it, and for a registry they are an error", async () => {
  await using amazon = await startAmazon({
    onCall: (_, response) => amazonError(response, 400, "AccessDeniedException", "User is not authorized"),
  });
  const clouds = new CloudLogins({ environment: environmentOf(amazon) });
  await expect(clouds.find("public.ecr.aws")).resolves.toBeUndefined();
  expect(await failureOf(() => clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"))).toMatchObject({
    code: "credentials",
    hint: expect.stringContaining("ecr:GetAuthorizationToken"),
  });
});

test("Amazon's own SDK is served the same: a token, and a repository that is there afterwards", async () => {
  await using amazon = await startAmazon();
  vi.stubEnv("AWS_ENDPOINT_URL_ECR", amazon.url);
  const client = new ECRClient({ region: "eu-west-3", credentials: accessKey });
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  expect(Buffer.from(authorizationData?.[0]?.authorizationToken ?? "", "base64").toString()).toBe(
    "AWS:password-1-eu-west-3",
  );
  await client.send(new CreateRepositoryCommand({ repositoryName: "team/app" }));
  await expect(client.send(new CreateRepositoryCommand({ repositoryName: "team/app" }))).rejects.toMatchObject({
    name: "RepositoryAlreadyExistsException",
  });
  const wrong = new ECRClient({ region: "eu-west-3", credentials: { ...accessKey, secretAccessKey: "wrong" } });
  await expect(wrong.send(new GetAuthorizationTokenCommand({}))).rejects.toMatchObject({
    name: "InvalidSignatureException",
  });
});

test("a profile of the credentials file logs in, as the SDK finds it", async () => {
  await using amazon = await startAmazon();
  await using files = await scratch();
  const path = await files.write(
    "credentials",
    `[mirror]\naws_access_key_id = ${accessKey.accessKeyId}\naws_secret_access_key = ${accessKey.secretAccessKey}\n`,
  );
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", path);
  vi.stubEnv("AWS_CONFIG_FILE", `${files.directory}/config`);
  vi.stubEnv("AWS_PROFILE", "mirror");
  vi.stubEnv("AWS_ENDPOINT_URL_ECR", amazon.url);
  const found = await new CloudLogins({ environment: process.env }).find(
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  );
  expect(found?.credential).toMatchObject({ username: "AWS" });
});

test("the role of a container logs in, as the SDK finds it", async () => {
  await using amazon = await startAmazon();
  await using metadata = await startServer((_, response) =>
    json(response, 200, {
      AccessKeyId: accessKey.accessKeyId,
      SecretAccessKey: accessKey.secretAccessKey,
      Token: "session",
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  );
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${metadata.url}/role`);
  vi.stubEnv("AWS_ENDPOINT_URL_ECR", amazon.url);
  const found = await new CloudLogins({ environment: process.env }).find(
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  );
  expect(found?.credential).toMatchObject({ username: "AWS" });
});

test("without any credentials the registry is used anonymously", async () => {
  const clouds = new CloudLogins({ environment: process.env, request: nowhere });
  await expect(clouds.find("public.ecr.aws")).resolves.toBeUndefined();
  await expect(clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com")).resolves.toBeUndefined();
});

test("credentials of the process are not used when the engine was given another environment", async () => {
  await using amazon = await startAmazon();
  for (const [name, value] of Object.entries(environmentOf(amazon))) vi.stubEnv(name, value);
  const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
  await expect(new CloudLogins({ environment: {}, request: nowhere }).find(registry)).resolves.toBeUndefined();
  expect((await new CloudLogins({ environment: process.env }).find(registry))?.credential).toMatchObject({
    username: "AWS",
  });
});

test.each([
  ["a profile that does not exist", { AWS_PROFILE: "missing" }],
  ["a key without its secret", { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE" }],
  ["a role of a container that nobody answers for", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/role" }],
  [
    "a web identity whose token is missing",
    { AWS_WEB_IDENTITY_TOKEN_FILE: "/dev/null/token", AWS_ROLE_ARN: "arn:aws:iam::1:role/x" },
  ],
])("%s is an error, never an anonymous request", async (_, variables) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const clouds = new CloudLogins({ environment: process.env, request: nowhere });
  const error = await failureOf(() => clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"));
  expect(error?.code).toBe("credentials");
  expect(error?.message).toContain(`(${Object.keys(variables)[0]})`);
});

test.each([
  ["UnrecognizedClientException", 400, "credentials", "access key"],
  ["ExpiredTokenException", 400, "credentials", "expired"],
  ["ServerException", 500, "unavailable", "get-caller-identity"],
  ["ThrottlingException", 429, "rate-limited", "get-caller-identity"],
])("%s (status %i) is reported as %s", async (name, status, code, hint) => {
  await using amazon = await startAmazon({
    onCall: (_, response) => amazonError(response, status, name, "secret-Canary"),
  });
  const clouds = new CloudLogins({ environment: environmentOf(amazon) });
  const error = await failureOf(() => clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"));
  expect(error).toMatchObject({ code, status, registryCode: name, hint: expect.stringContaining(hint) });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test.each([
  ["no token", { authorizationData: [] }],
  ["a token that is no login", { authorizationData: [{ authorizationToken: "bm9uZQ==" }] }],
  ["no JSON", undefined],
])("an answer with %s is an error", async (_, answer) => {
  await using amazon = await startServer((_, response) =>
    answer === undefined ? response.end("<html>secret-Canary") : json(response, 200, answer),
  );
  const clouds = new CloudLogins({ environment: { ...keys, AWS_ENDPOINT_URL_ECR: amazon.url } });
  const error = await failureOf(() => clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"));
  expect(error?.message).toContain("Cannot log in to 123456789012.dkr.ecr.eu-west-1.amazonaws.com");
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("Amazon out of reach is no broken credential", async () => {
  const clouds = new CloudLogins({ environment: keys, request: noMachine });
  const error = await failureOf(() => clouds.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"));
  expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining("ECONNREFUSED") });
});
