import { describe, expect, test } from "vitest";
import { buildImage, buildIndex, fetchTree, push, treeOf } from "../../images/index.ts";
import { send } from "../plain-client.ts";
import { askForToken, challengeField } from "../token-login.ts";
import { type ProfileName, profileNames } from "./index.ts";
import { ask, child, index, repository, seed, signature, start, status, tags } from "./profile-client.ts";

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
