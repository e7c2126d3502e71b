import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Environment } from "../../../../engine/credentials/environment.ts";
import { digestOf } from "../../../../engine/oci/digest.ts";
import { openRepository } from "../../../../engine/registry/repository.ts";
import type { Purpose } from "../../../../engine/registry/repository-requests.ts";
import { accessKey, amazonError, type AmazonServer, startAmazon } from "../../../support/clouds/amazon.ts";
import { failureOf } from "../../failure.ts";
import { json, startServer } from "../../http/scripted-server.ts";
import { testClient } from "../../http/test-client.ts";

const keys = {
  AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
  AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
  AWS_REGION: "eu-central-1",
};

interface Options {
  readonly repository?: string;
  readonly environment?: Environment;
  readonly purpose?: Purpose;
  readonly createRepository?: boolean;
}

/** A registry that has the repositories of the API, and uploads in no other. */
async function registryOf(amazon: AmazonServer) {
  const server = await startServer(({ method, url }, response) => {
    const [, repository = ""] = /^\/v2\/(.+)\/blobs\/uploads\//.exec(url) ?? [];
    if (method === "POST" && amazon.repositories.has(repository)) {
      return response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/1` }).end();
    }
    const message = `The repository with name '${repository}' does not exist in the registry with id '123456789012'`;
    return json(response, 404, { errors: [{ code: "NAME_UNKNOWN", message }] });
  });
  const http = testClient({
    environment: keys,
    registries: [{ address: server.host, plainHttp: true, vendor: "ecr", apiUrl: amazon.url }],
    retry: { attempts: 1 },
  });
  return {
    ...server,
    open: ({ repository = "team/app", purpose = "write", createRepository }: Options = {}) =>
      openRepository(
        http.client,
        { registry: server.host, repository },
        { purpose, side: "destination", createRepository },
      ),
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a push to a repository that is missing creates it, once for all blobs at the same time", async () => {
  await using amazon = await startAmazon();
  await using registry = await registryOf(amazon);
  const repository = registry.open();
  const sessions = await Promise.all(Array.from({ length: 8 }, () => repository.uploads.start()));
  expect(sessions.map(({ location }) => location)).toEqual(
    Array.from({ length: 8 }, () => `${registry.url}/v2/team/app/blobs/uploads/1`),
  );
  expect(amazon.repositories).toEqual(new Set(["team/app"]));
  expect(amazon.calls.filter(({ action }) => action === "CreateRepository").length).toBeLessThanOrEqual(2);
  expect(amazon.calls[0]).toMatchObject({
    region: "eu-central-1",
    service: "ecr",
    input: { repositoryName: "team/app" },
  });
});

test("a mount finds its repository created, too", async () => {
  await using amazon = await startAmazon();
  await using registry = await registryOf(amazon);
  const digest = digestOf(new TextEncoder().encode("blob"));
  expect(await registry.open().uploads.mount(digest, "team/base")).toHaveProperty("location");
  expect(amazon.repositories).toEqual(new Set(["team/app"]));
});

test("a repository that somebody else has created in the meantime is as good", async () => {
  await using amazon = await startAmazon({
    onCall: ({ action }, response) => {
      if (action !== "CreateRepository" || amazon.calls.length > 1) return false;
      return amazonError(response, 400, "RepositoryAlreadyExistsException", "exists");
    },
  });
  await using registry = await registryOf(amazon);
  expect(await registry.open().vendor.ensureRepository()).toBe("present");
  expect(await registry.open().vendor.ensureRepository()).toBe("created");
  expect(await registry.open().vendor.ensureRepository()).toBe("present");
});

test("nothing is created for who reads or deletes, nor where it is switched off", async () => {
  await using amazon = await startAmazon();
  await using registry = await registryOf(amazon);
  for (const options of [{ purpose: "read" }, { purpose: "delete" }, { createRepository: false }] as const) {
    const error = await failureOf(() => registry.open(options).uploads.start());
    expect(error).toMatchObject({ code: "not-found", registryCode: "NAME_UNKNOWN" });
  }
  expect(amazon.calls).toEqual([]);
});

test("at a registry without such an API, and without a login for it, the push ends with the registry's own answer", async () => {
  await using amazon = await startAmazon();
  await using registry = await registryOf(amazon);
  for (const [settings, environment] of [
    [{ vendor: "ecr", apiUrl: amazon.url }, {}],
    [{}, keys],
  ] as const) {
    await using http = testClient({
      environment,
      registries: [{ address: registry.host, plainHttp: true, ...settings }],
    });
    const repository = openRepository(
      http.client,
      { registry: registry.host, repository: "team/app" },
      { purpose: "write" },
    );
    expect(await repository.vendor.ensureRepository()).toBe("unavailable");
    expect(await failureOf(() => repository.uploads.start())).toMatchObject({ code: "not-found" });
  }
  expect(amazon.requests).toEqual([]);
});

test.each([
  ["AccessDeniedException", 400, "denied", /ecr:CreateRepository/],
  ["LimitExceededException", 400, "quota", /limit/],
  ["InvalidParameterException", 400, "invalid-reference", /names/],
  ["InvalidSignatureException", 400, "unauthorized", /ecr:CreateRepository/],
  ["ServerException", 500, "unavailable", /^$/],
])("%s says why the repository could not be created", async (name, status, code, hint) => {
  await using amazon = await startAmazon({
    onCall: (_, response) =>
      amazonError(response, status, name, name.startsWith("InvalidSig") ? "secret-Canary" : "no"),
  });
  await using registry = await registryOf(amazon);
  const error = await failureOf(() => registry.open().uploads.start());
  expect(error).toMatchObject({ code, side: "destination", reference: `${registry.host}/team/app` });
  expect(error?.hint ?? "").toMatch(hint);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("a stopped push creates nothing", async () => {
  await using amazon = await startAmazon();
  await using registry = await registryOf(amazon);
  await expect(
    registry.open().vendor.ensureRepository({ signal: AbortSignal.abort(new Error("stop")) }),
  ).rejects.toThrow("stop");
  expect(amazon.calls).toEqual([]);
});
