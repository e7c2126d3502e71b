import {
  BatchDeleteImageCommand,
  CreateRepositoryCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchTree, push, treeOf } from "../../images/index.ts";
import { basicAuthorization } from "../login.ts";
import { type PlainAnswer, type PlainRequest, send } from "../plain-client.ts";
import { askForToken, bearer, challengeField } from "../token-login.ts";
import type { RunningProfile } from "./index.ts";
import type { ProfileOptions } from "./profile.ts";
import { child, index, repository, seed, signature, start, status, tags } from "./profile-client.ts";

/** A request to the vendor's own API. */
function api(profile: RunningProfile, method: string, path: string, request: PlainRequest = {}): Promise<PlainAnswer> {
  return send(profile.apiUrl, path, { ...request, method });
}

describe("Azure's own API", () => {
  test("takes one tag away, with the registry's tokens", async () => {
    const profile = await start("acr");
    await seed(profile, child, "1", "2");
    const path = `/acr/v1/${repository}/_tags/1`;
    const challenge = await api(profile, "DELETE", path);
    expect([challenge.status, challengeField(challenge, "scope")]).toEqual([401, `repository:${repository}:delete`]);
    const token = await askForToken(challenge, `repository:${repository}:delete`, profile.login);
    const headers = { authorization: bearer(token) };
    expect((await api(profile, "DELETE", path, { headers })).status).toBe(202);
    expect(await tags(profile)).toEqual(["2"]);
    expect(await status(api(profile, "DELETE", path, { headers }))).toEqual([404, "TAG_UNKNOWN"]);
    expect(profile.counts()).toMatchObject({ "DELETE vendor": 2 });
  });
});

test.each(["acr", "docker-hub", "ecr", "ghcr", "harbor"] as const)(
  "the API of %s refuses nonsense and deletes nothing for it",
  async (name) => {
    const profile = await start(name);
    await seed(profile, child, "1");
    const { user, password } = profile.login;
    const logins = [undefined, basicAuthorization({ user, password }), `Bearer ${password}`, "Bearer", "\u00e4"];
    const paths = [
      "/",
      "/%E0%A4%A",
      `/acr/v1/${repository}/_tags/%FF`,
      "/api/v2.0/projects/team/repositories/%25FF/artifacts/1/tags/1",
      "/v2/repositories/team/%FF/tags/1/",
      "/orgs/team/packages/container/%FF/versions/1",
      "/orgs/team/packages/container/mirror%2Fapp/versions/99999999999999999999",
      "/v2/users/login",
    ];
    for (const path of paths) {
      for (const authorization of logins) {
        for (const body of ["", "[]", "{", "null", '{"imageIds":"x"}']) {
          const headers = { ...(authorization === undefined ? {} : { authorization }), "x-amz-target": "nonsense" };
          for (const method of ["DELETE", "POST"]) {
            const { status } = await api(profile, method, path, { headers, body });
            expect({ method, path, refused: status >= 400 && status < 500 }).toEqual({ method, path, refused: true });
          }
        }
      }
    }
    expect(await fetchTree(await profile.endpoint(repository), repository, "1")).toEqual(treeOf(child));
  },
);

describe("Harbor's own API", () => {
  const path = (encoded: string, tag: string, reference = tag): string =>
    `/api/v2.0/projects/team/repositories/${encoded}/artifacts/${reference}/tags/${tag}`;

  test("says that it is there, to anybody", async () => {
    const answer = await api(await start("harbor"), "GET", "/api/v2.0/ping");
    expect([answer.status, answer.text]).toEqual([200, "Pong"]);
  });

  test("takes one tag away, of a repository whose name is encoded twice", async () => {
    const profile = await start("harbor");
    await seed(profile, child, "1", "2", "3");
    const headers = { authorization: basicAuthorization(profile.login) };
    const ask = (address: string) => status(api(profile, "DELETE", address, { headers }));
    expect(await status(api(profile, "DELETE", path("mirror%252Fapp", "1")))).toEqual([401, "UNAUTHORIZED"]);
    expect(await ask(path("mirror%2Fapp", "1"))).toEqual([404, "NOT_FOUND"]);
    expect(await ask(path("mirror%252Fapp", "1"))).toEqual([200, ""]);
    expect(await ask(path("mirror%252Fapp", "2", child.digest))).toEqual([200, ""]);
    expect(await ask(path("mirror%252Fapp", "2", child.digest))).toEqual([404, "NOT_FOUND"]);
    expect(await tags(profile)).toEqual(["3"]);
  });
});

describe("Docker Hub's own API", () => {
  const path = "/v2/repositories/team/app/tags/1/";
  const login = (profile: RunningProfile, password: string) =>
    api(profile, "POST", "/v2/users/login", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: profile.login.user, password }),
    });

  test("gives a token for an identifier and a secret too", async () => {
    const profile = await start("docker-hub");
    const { user: identifier, password: secret } = profile.login;
    const body = JSON.stringify({ identifier, secret });
    const answer = await api(profile, "POST", "/v2/auth/token", { body });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"access_token"')]);
    expect((await api(profile, "POST", "/v2/auth/token", { body: "{}" })).status).toBe(401);
  });

  test("takes one tag away, for a token of its own", async () => {
    const profile = await start("docker-hub");
    const target = { ...(await profile.endpoint("team/app")), repository: "team/app" };
    for (const tag of ["1", "2"]) await push(child, { ...target, tag });
    expect((await login(profile, "wrong")).status).toBe(401);
    const { token } = JSON.parse((await login(profile, profile.login.password)).text) as { token: string };
    expect((await api(profile, "DELETE", path)).status).toBe(401);
    expect((await api(profile, "DELETE", path, { headers: { authorization: "JWT wrong" } })).status).toBe(401);
    const headers = { authorization: `JWT ${token}` };
    expect((await api(profile, "DELETE", path, { headers })).status).toBe(204);
    expect((await api(profile, "DELETE", path, { headers })).status).toBe(404);
    expect([...(await profile.contents.tags("team/app")).keys()]).toEqual(["2"]);
  });
});

describe("GitHub's own API", () => {
  const packages = "/orgs/team/packages/container/mirror%2Fapp";
  const headers = (profile: RunningProfile) => ({ authorization: `Bearer ${profile.login.password}` });

  interface Version {
    readonly id: number;
    readonly name: string;
    readonly metadata: { readonly container: { readonly tags: string[] } };
  }

  async function versions(profile: RunningProfile, query = ""): Promise<Version[]> {
    const answer = await api(profile, "GET", `${packages}/versions${query}`, { headers: headers(profile) });
    return JSON.parse(answer.text) as Version[];
  }

  test("lists versions with their tags, in pages, and takes a version away with all of them", async () => {
    const profile = await start("ghcr");
    await seed(profile, child, "1", "2");
    await seed(profile, signature, "3");
    expect((await api(profile, "GET", `${packages}/versions`)).status).toBe(401);
    expect(await versions(profile, "?per_page=1&page=2")).toHaveLength(1);
    const version = (await versions(profile)).find(({ name }) => name === child.digest);
    expect(version?.metadata.container.tags).toEqual(["1", "2"]);
    const path = `${packages}/versions/${version?.id}`;
    expect((await api(profile, "DELETE", path, { headers: headers(profile) })).status).toBe(204);
    expect((await api(profile, "DELETE", path, { headers: headers(profile) })).status).toBe(404);
    expect(await tags(profile)).toEqual(["3"]);
  });

  test("keeps the last tagged version, and takes the package instead", async () => {
    const profile = await start("ghcr");
    await seed(profile, index, "1");
    const version = (await versions(profile)).find(({ name }) => name === index.digest);
    const refused = await api(profile, "DELETE", `${packages}/versions/${version?.id}`, { headers: headers(profile) });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("last tagged version")]);
    expect((await api(profile, "DELETE", packages, { headers: headers(profile) })).status).toBe(204);
    expect(await profile.contents.manifests(repository)).toEqual([]);
    expect((await api(profile, "GET", packages, { headers: headers(profile) })).status).toBe(404);
  });
});

describe("Amazon's own API, asked by Amazon's own client", () => {
  async function startEcr(options: ProfileOptions = {}): Promise<{ profile: RunningProfile; client: ECRClient }> {
    const profile = await start("ecr", options);
    const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" };
    const client = new ECRClient({ endpoint: profile.apiUrl, region: "eu-central-1", credentials, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    return { profile, client };
  }
  const remove = (...imageIds: { imageTag?: string; imageDigest?: string }[]) =>
    new BatchDeleteImageCommand({ repositoryName: repository, imageIds });

  test("takes a tag away, and with the last one the image", async () => {
    const { profile, client } = await startEcr();
    await seed(profile, child, "1", "2");
    const first = await client.send(remove({ imageTag: "1" }));
    expect(first.imageIds).toEqual([{ imageDigest: child.digest, imageTag: "1" }]);
    expect(await profile.contents.manifests(repository)).toEqual([child.digest]);
    await client.send(remove({ imageTag: "2" }));
    expect(await profile.contents.manifests(repository)).toEqual([]);
    const { failures } = await client.send(remove({ imageTag: "2" }));
    expect(failures).toEqual([
      { imageId: { imageTag: "2" }, failureCode: "ImageNotFound", failureReason: "Requested image not found" },
    ]);
  });

  test("keeps what a manifest list names, and the last tag of it", async () => {
    const { profile, client } = await startEcr();
    await seed(profile, index, "index");
    await seed(profile, child, "child");
    const ids = [
      { imageTag: "child" },
      { imageDigest: child.digest },
      { imageTag: "index", imageDigest: child.digest },
    ];
    const { failures } = await client.send(remove(...ids));
    expect(failures?.map(({ failureCode }) => failureCode)).toEqual([
      "ImageReferencedByManifestList",
      "ImageReferencedByManifestList",
      "ImageTagDoesNotMatchDigest",
    ]);
    expect(await tags(profile)).toEqual(["child", "index"]);
  });

  test("gives the registry's login and makes repositories", async () => {
    const { profile, client } = await startEcr({ repositories: [] });
    await expect(client.send(remove({ imageTag: "1" }))).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
    await client.send(new CreateRepositoryCommand({ repositoryName: repository }));
    await seed(profile, child, "1");
    expect(await tags(profile)).toEqual(["1"]);
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? "", "base64").toString();
    expect(token).toBe(`${profile.login.user}:${profile.login.password}`);
    await expect(client.send(new CreateRepositoryCommand({ repositoryName: repository }))).rejects.toMatchObject({
      name: "RepositoryAlreadyExistsException",
    });
  });

  test("refuses who may not delete, and requests without a signature", async () => {
    const { profile, client } = await startEcr({ deletes: false });
    await seed(profile, child, "1");
    await expect(client.send(remove({ imageTag: "1" }))).rejects.toMatchObject({ name: "AccessDeniedException" });
    const bare = await api(profile, "POST", "/", {
      headers: { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage" },
      body: "{}",
    });
    expect([bare.status, bare.text]).toEqual([400, expect.stringContaining("MissingAuthenticationTokenException")]);
  });
});
