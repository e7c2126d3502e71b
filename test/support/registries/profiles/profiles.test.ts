import {
  BatchDeleteImageCommand,
  CreateRepositoryCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildImage, buildIndex, fetchTree, push, type TestManifest, treeOf } from "../../images/index.ts";
import { basicAuthorization } from "../login.ts";
import { type PlainAnswer, type PlainRequest, send } from "../plain-client.ts";
import { askForToken, bearer, challengeField } from "../token-login.ts";
import { type ProfileName, profileNames, type RunningProfile, startProfile } from "./index.ts";
import type { ProfileOptions } from "./profile.ts";

const repository = "team/mirror/app";
const child = buildImage({ seed: "child", layers: [700] });
const index = buildIndex({ children: [child] });
const signature = buildImage({ seed: "signature", layers: [50], subject: child });

async function start(name: ProfileName, options: ProfileOptions = {}): Promise<RunningProfile> {
  const profile = await startProfile(name, options);
  onTestFinished(() => profile.close());
  return profile;
}

async function seed(profile: RunningProfile, image: TestManifest, ...tags: string[]): Promise<void> {
  for (const tag of tags) await push(image, { ...(await profile.endpoint(repository)), repository, tag });
}

/** A request of somebody who may do everything in the repository that the family lets him do. */
async function ask(profile: RunningProfile, method: string, path: string): Promise<PlainAnswer> {
  const endpoint = await profile.endpoint(repository);
  const first = await send(profile.url, `/v2/${repository}/${path}`, { method });
  const scope = challengeField(first, "scope");
  const headers =
    scope === "" ? { ...endpoint.headers } : { authorization: bearer(await askForToken(first, scope, profile.login)) };
  return send(profile.url, `/v2/${repository}/${path}`, { method, headers: { ...headers, accept: "*/*" } });
}

async function status(answer: Promise<PlainAnswer>): Promise<[number, string]> {
  const { status, code } = await answer;
  return [status, code];
}

async function tags(profile: RunningProfile): Promise<string[]> {
  return [...(await profile.contents.tags(repository)).keys()];
}

test.each(profileNames)("%s takes an index and gives it back byte for byte, to whoever has its login", async (name) => {
  const profile = await start(name);
  await seed(profile, index, "1", "2");
  expect(await fetchTree(await profile.endpoint(repository), repository, "1")).toEqual(treeOf(index));
  expect((await send(profile.url, `/v2/${repository}/tags/list`)).status).toBe(401);
  expect((await ask(profile, "GET", "tags/list")).text).toContain('"tags":["1","2"]');
});

interface Deletes {
  /** The answer to a delete by tag, and the tags after it, of `1` and `2` on one digest. */
  readonly tag: readonly [number, string, readonly string[]];
  /** The answer to a delete by digest of what `1` and `2` hold. */
  readonly digest: readonly [number, string, readonly string[]];
  /** Of a manifest that no tag holds but an index. */
  readonly child: readonly [number, string];
  readonly blob: readonly [number, string];
  readonly referrers: number;
}

const untagged = [202, "", ["2"]] as const;
const gone = [202, "", []] as const;
const both = ["1", "2"];

const expected: Readonly<Record<ProfileName, Deletes>> = {
  "distribution-2.8": {
    tag: [400, "DIGEST_INVALID", both],
    digest: gone,
    child: [202, ""],
    blob: [202, ""],
    referrers: 404,
  },
  "distribution-3": { tag: untagged, digest: gone, child: [202, ""], blob: [202, ""], referrers: 404 },
  "docker-hub": {
    tag: [405, "UNSUPPORTED", both],
    digest: [403, "", both],
    child: [403, ""],
    blob: [405, "UNSUPPORTED"],
    referrers: 200,
  },
  ghcr: {
    tag: [405, "UNSUPPORTED", both],
    digest: [405, "UNSUPPORTED", both],
    child: [405, "UNSUPPORTED"],
    blob: [405, "UNSUPPORTED"],
    referrers: 303,
  },
  quay: {
    tag: untagged,
    digest: gone,
    child: [404, "MANIFEST_UNKNOWN"],
    blob: [405, "UNSUPPORTED"],
    referrers: 200,
  },
  gar: {
    tag: untagged,
    digest: [400, "GOOGLE_MANIFEST_DANGLING_TAG", both],
    child: [400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE"],
    blob: [405, "UNSUPPORTED"],
    referrers: 200,
  },
  ecr: {
    tag: [405, "UNSUPPORTED", both],
    digest: gone,
    child: [403, "DENIED"],
    blob: [405, "UNSUPPORTED"],
    referrers: 200,
  },
  acr: { tag: untagged, digest: gone, child: [202, ""], blob: [202, ""], referrers: 200 },
  harbor: {
    tag: [400, "UNSUPPORTED", both],
    digest: gone,
    child: [412, "PRECONDITION"],
    blob: [202, ""],
    referrers: 200,
  },
  gitlab: { tag: untagged, digest: gone, child: [202, ""], blob: [202, ""], referrers: 404 },
  zot: { tag: untagged, digest: gone, child: [405, "DENIED"], blob: [405, "DENIED"], referrers: 200 },
  artifactory: {
    tag: untagged,
    digest: gone,
    child: [202, ""],
    blob: [405, "UNSUPPORTED"],
    referrers: 200,
  },
  nexus: {
    tag: [405, "UNSUPPORTED", both],
    digest: gone,
    child: [202, ""],
    blob: [405, "UNSUPPORTED"],
    referrers: 404,
  },
  cloudflare: { tag: untagged, digest: gone, child: [202, ""], blob: [202, ""], referrers: 200 },
};

describe.each(Object.entries(expected) as [ProfileName, Deletes][])("%s answers a delete", (name, answers) => {
  test("by tag", async () => {
    const profile = await start(name);
    await seed(profile, child, "1", "2");
    expect([...(await status(ask(profile, "DELETE", "manifests/1"))), await tags(profile)]).toEqual(answers.tag);
  });

  test("by digest", async () => {
    const profile = await start(name);
    await seed(profile, child, "1", "2");
    const answer = await status(ask(profile, "DELETE", `manifests/${child.digest}`));
    expect([...answer, await tags(profile)]).toEqual(answers.digest);
  });

  test("of a child, of a blob in use, and asks for referrers", async () => {
    const profile = await start(name);
    await seed(profile, index, "1");
    const blob = child.blobs[0]?.digest ?? "";
    expect((await ask(profile, "GET", `referrers/${child.digest}`)).status).toBe(answers.referrers);
    expect(await status(ask(profile, "DELETE", `blobs/${blob}`))).toEqual(answers.blob);
    expect(await status(ask(profile, "DELETE", `manifests/${child.digest}`))).toEqual(answers.child);
  });

  test("that is not allowed, with a refusal and nothing else", async () => {
    const profile = await start(name, { deletes: false });
    await seed(profile, child, "1", "2");
    for (const reference of ["1", child.digest]) {
      expect((await ask(profile, "DELETE", `manifests/${reference}`)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await fetchTree(await profile.endpoint(repository), repository, "1")).toEqual(treeOf(child));
  });
});

describe("the rest of what families do", () => {
  test("Quay issues no token for a scope that names delete", async () => {
    const profile = await start("quay");
    const challenge = await send(profile.url, `/v2/${repository}/manifests/1`, { method: "DELETE" });
    expect(challengeField(challenge, "scope")).toBe(`repository:${repository}:pull,push`);
    const asked = (actions: string) => askForToken(challenge, `repository:${repository}:${actions}`, profile.login);
    expect((await asked("pull,push,delete")).status).toBe(400);
    expect((await asked("*")).status).toBe(200);
  });

  test("Quay forgets a manifest with its last tag", async () => {
    const profile = await start("quay");
    await seed(profile, child, "1", "2");
    await ask(profile, "DELETE", "manifests/1");
    expect((await ask(profile, "GET", `manifests/${child.digest}`)).status).toBe(200);
    await ask(profile, "DELETE", "manifests/2");
    expect((await ask(profile, "GET", `manifests/${child.digest}`)).status).toBe(404);
  });

  test("Harbor deletes children and signatures with an index, but none that has a tag", async () => {
    const profile = await start("harbor");
    const tagged = buildImage({ seed: "tagged", layers: [10] });
    const top = buildIndex({ children: [child, tagged] });
    await seed(profile, top, "top");
    await seed(profile, tagged, "tagged");
    await push(signature, { ...(await profile.endpoint(repository)), repository });
    expect((await ask(profile, "DELETE", `manifests/${top.digest}`)).status).toBe(202);
    expect(await profile.contents.manifests(repository)).toEqual([tagged.digest]);
  });

  test("Artifact Registry lists every manifest with its tags, and keeps what is referred to", async () => {
    const profile = await start("gar");
    await seed(profile, index, "1", "2");
    await push(signature, { ...(await profile.endpoint(repository)), repository });
    const { manifest } = JSON.parse((await ask(profile, "GET", "tags/list")).text) as {
      manifest: Record<string, { tag: string[]; mediaType: string }>;
    };
    expect(Object.keys(manifest).toSorted()).toEqual([child.digest, index.digest, signature.digest].toSorted());
    expect(manifest[index.digest]).toMatchObject({ tag: ["1", "2"], mediaType: index.mediaType });
    for (const tag of ["1", "2"]) await ask(profile, "DELETE", `manifests/${tag}`);
    expect((await ask(profile, "DELETE", `manifests/${index.digest}`)).status).toBe(202);
    const refused = await ask(profile, "DELETE", `manifests/${child.digest}`);
    expect(refused.text).toContain(`is referenced by image ${signature.digest}`);
    expect((await ask(profile, "DELETE", `manifests/${signature.digest}`)).status).toBe(202);
    expect((await ask(profile, "DELETE", `manifests/${child.digest}`)).status).toBe(202);
  });

  test("GitLab finds a manifest by a tag that is spelled like its fallback tag", async () => {
    const profile = await start("gitlab");
    await seed(profile, child, "1");
    const answer = await ask(profile, "GET", `manifests/${child.digest.replace(":", "-")}`);
    expect([answer.status, answer.body.equals(child.bytes)]).toEqual([200, true]);
  });

  test.each(["ecr", "gar", "harbor"] as const)("%s makes no place by a push", async (name) => {
    const elsewhere = await start(name, { repositories: ["other/place/app"] });
    await expect(seed(elsewhere, child, "1")).rejects.toThrow("status 404");
    const made = await start(name, { repositories: [repository] });
    await seed(made, child, "1");
    expect(await tags(made)).toEqual(["1"]);
  });

  test("Azure wants a scope of its own for a list of tags", async () => {
    const profile = await start("acr");
    await seed(profile, child, "1");
    const challenge = await send(profile.url, `/v2/${repository}/tags/list`);
    expect(challengeField(challenge, "scope")).toBe(`repository:${repository}:metadata_read`);
  });

  test("GitHub's registry takes no long chunk", async () => {
    const profile = await start("ghcr");
    const { headers = {} } = await profile.endpoint(repository);
    const session = await send(profile.url, `/v2/${repository}/blobs/uploads/`, { method: "POST", headers });
    const body = Buffer.alloc(4 * 1024 * 1024 + 1);
    const chunk = { ...headers, "content-range": `0-${body.length - 1}` };
    const location = session.headers.location ?? "";
    expect((await send(profile.url, location, { method: "PATCH", headers: chunk, body })).status).toBe(416);
    expect((await send(profile.url, location, { method: "PATCH", headers, body })).status).toBe(202);
  });

  test("Amazon mounts what a manifest names only", async () => {
    const profile = await start("ecr");
    await seed(profile, child, "1");
    const { headers = {} } = await profile.endpoint(repository);
    const mount = (digest: string) =>
      send(profile.url, `/v2/team/other/blobs/uploads/?mount=${digest}&from=${repository}`, {
        method: "POST",
        headers,
      });
    expect((await mount(child.blobs[0]?.digest ?? "")).status).toBe(201);
    await profile.contents.remove(repository, child.digest);
    expect((await mount(child.blobs[0]?.digest ?? "")).status).toBe(202);
  });
});

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
