import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Environment } from "../../../../engine/credentials/environment.ts";
import { failureOf } from "../../failure.ts";
import { type Received, startServer } from "../../http/scripted-server.ts";
import { digest, mirror, type VendorClient, vendorClient } from "./vendor-client.ts";

const options = { digest };
const key = "AKIAIOSFODNN7EXAMPLE";

/** Amazon's JSON 1.1 protocol: an exception is named in `__type`. */
function amazon(answer: object, status = 200) {
  return startServer((_request, response) =>
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer)),
  );
}

const cloud = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: key,
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI-canary-secret",
};

/** A client whose user has given it the login of the cloud. */
function amazonClient(
  apiUrl: string | undefined,
  environment: Environment = cloud,
  host = "127.0.0.1:1",
): VendorClient {
  return vendorClient(host, { vendor: "ecr", ...(apiUrl !== undefined && { apiUrl }) }, mirror, environment);
}

afterEach(() => vi.unstubAllEnvs());

function sent(request: Received | undefined): unknown {
  return JSON.parse(request?.body.toString() ?? "");
}

describe("a tag at Amazon ECR", () => {
  test("is deleted by one signed request of the API, by its name alone", async () => {
    await using api = await amazon({ imageIds: [{ imageTag: "1.27", imageDigest: digest }], failures: [] });
    await using client = amazonClient(api.url);
    expect(await client.open().vendor.deleteTag("1.27", options)).toBe("deleted");
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]?.headers).toMatchObject({
      host: api.host,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage",
    });
    expect(api.requests[0]?.headers.authorization).toMatch(
      new RegExp(`^AWS4-HMAC-SHA256 Credential=${key}/\\d{8}/eu-central-1/ecr/aws4_request, .*Signature=[0-9a-f]{64}$`),
    );
    expect(sent(api.requests[0])).toEqual({ repositoryName: "team/app", imageIds: [{ imageTag: "1.27" }] });
  });

  test("is deleted where AWS_ENDPOINT_URL_ECR says that the API is", async () => {
    await using api = await amazon({ imageIds: [{ imageTag: "a" }] });
    await using client = amazonClient(undefined, { ...cloud, AWS_ENDPOINT_URL_ECR: api.url });
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
  });

  test("is deleted in the account and the region that its registry's name says", async () => {
    await using api = await amazon({ imageIds: [{ imageTag: "a" }] });
    const registry = "123456789012.dkr.ecr.ap-south-1.amazonaws.com";
    await using client = vendorClient(registry, { apiUrl: api.url }, mirror, cloud);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(sent(api.requests[0])).toMatchObject({ registryId: "123456789012" });
    expect(api.requests[0]?.headers.authorization).toContain("/ap-south-1/ecr/");
  });

  test.each([
    ["ImageNotFound", "absent"],
    ["ImageReferencedByManifestList", "unavailable"],
  ])("with the failure %s is %s", async (failureCode, outcome) => {
    await using api = await amazon({ imageIds: [], failures: [{ imageId: { imageTag: "a" }, failureCode }] });
    await using client = amazonClient(api.url);
    expect(await client.open().vendor.deleteTag("a", options)).toBe(outcome);
  });

  test("in a repository that is not there is absent", async () => {
    await using api = await amazon({ __type: "RepositoryNotFoundException", message: "no" }, 400);
    await using client = amazonClient(api.url);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("absent");
  });

  test.each([
    ["no login of the cloud", { AWS_REGION: "eu-central-1" }],
    ["no region", { ...cloud, AWS_REGION: undefined }],
  ])("is left to the registry where the user gives %s, whatever the process has", async (_name, environment) => {
    for (const [name, value] of Object.entries(cloud)) vi.stubEnv(name, value);
    await using api = await amazon({});
    await using client = amazonClient(api.url, environment);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("unavailable");
    expect(api.requests).toHaveLength(0);
  });

  test("is deleted with what the SDK finds by itself where the user has kept nothing from it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aws-"));
    const file = join(folder, "credentials");
    await writeFile(file, `[team]\naws_access_key_id = ${key}\naws_secret_access_key = a-canary-of-a-file\n`);
    const own = Object.keys(process.env).filter((name) => name.startsWith("AWS_"));
    for (const name of own) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
    vi.stubEnv("AWS_PROFILE", "team");
    vi.stubEnv("AWS_REGION", "eu-central-1");
    await using api = await amazon({ imageIds: [{ imageTag: "a" }] });
    await using client = amazonClient(api.url, process.env);
    expect(await client.open().vendor.deleteTag("a", options)).toBe("deleted");
    expect(api.requests[0]?.headers.authorization).toContain(key);
    vi.stubEnv("AWS_PROFILE", "other");
    await using broken = amazonClient(api.url, process.env);
    expect(await failureOf(() => broken.open().vendor.deleteTag("a", options))).toMatchObject({ code: "credentials" });
    await rm(folder, { recursive: true });
  });
});

describe("a refusal of Amazon", () => {
  test.each([
    ["AccessDeniedException", 400, "denied"],
    ["UnrecognizedClientException", 400, "unauthorized"],
    ["ExpiredTokenException", 400, "unauthorized"],
    ["ThrottlingException", 400, "rate-limited"],
    ["ServerException", 500, "unavailable"],
    ["InvalidParameterException", 400, "protocol"],
  ])("by %s is an error and not an absence", async (name, status, code) => {
    await using api = await amazon({ __type: name, message: "not \u001b[31mallowed" }, status);
    await using client = amazonClient(api.url);
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(name);
    expect(error?.message).not.toContain("\u001b");
    expect(error?.hint?.includes("ecr:BatchDeleteImage") ?? false).toBe(code === "denied" || code === "unauthorized");
    expect(api.requests).toHaveLength(1);
  });

  test("by a failure that nobody knows is an error", async () => {
    await using api = await amazon({ failures: [{ failureCode: "KmsError", failureReason: "the key is gone" }] });
    await using client = amazonClient(api.url);
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error?.message).toContain("KmsError: the key is gone");
  });

  test.each(["<html>", "", "[1", '"text"'])("in place of which comes %j is an error", async (body) => {
    await using api = await startServer((_request, response) => response.writeHead(403).end(body));
    await using client = amazonClient(api.url);
    const error = await failureOf(() => client.open().vendor.deleteTag("a", options));
    expect(error).toBeDefined();
    expect(error?.message).not.toContain("canary");
  });

  test("to answer is not repeated: the tag may be gone, and another one in its place", async () => {
    await using api = await startServer((_request, response) => response.destroy());
    await using client = amazonClient(api.url);
    expect(await failureOf(() => client.open().vendor.deleteTag("a", options))).toMatchObject({ code: "unavailable" });
    expect(api.requests).toHaveLength(1);
  });

  test("is not waited for after a stop", async () => {
    const stop = new AbortController();
    await using api = await startServer(() => stop.abort(new Error("stopped by the user")));
    await using client = amazonClient(api.url);
    await expect(client.open().vendor.deleteTag("a", { digest, signal: stop.signal })).rejects.toThrow("stopped");
  });
});
