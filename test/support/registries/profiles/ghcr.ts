import type { Api, ApiCall, Reply } from "../../../../embedded-registry/index.ts";
import { addressParts } from "./address.ts";
import type { Profile, Stage } from "./profile.ts";
import { json } from "./refusal.ts";
import { refuseBlobDelete, refuseDigestDelete, refuseTagDelete, unsupported } from "./rules-delete.ts";
import { referrersAnswer } from "./rules-list.ts";
import { longestChunk } from "./rules-push.ts";

/** GitHub's container registry; deletes are an affair of the REST API of GitHub. */
export const ghcr: Profile = {
  name: "ghcr",
  vendor: "ghcr",
  cells: {
    login: { is: "Bearer by personal access token", known: "doc" },
    tagDelete: { is: "405 UNSUPPORTED", known: "issue" },
    digestDelete: { is: "405 UNSUPPORTED", known: "issue" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "303 to a web page", known: "issue" },
    mount: { is: "201", known: "memory" },
    chunks: { is: "416 above 4 MiB", known: "issue" },
    creation: { is: "by push, private", known: "doc" },
    tagPages: { is: "in order", known: "memory" },
    refusedDelete: { is: "403 API", known: "doc" },
    api: { is: "package versions, each with all its tags", known: "doc" },
  },
  login: { user: "octo-org", password: "ghp_aPersonalAccessToken" },
  auth: ({ user, password }) => ({ kind: "token", users: { [user]: password }, service: "ghcr.io" }),
  registry: { referrersApi: false },
  rules: ({ apiUrl }) => [
    refuseTagDelete(unsupported),
    refuseDigestDelete(unsupported),
    refuseBlobDelete(unsupported),
    longestChunk(4 * 1024 * 1024),
    referrersAnswer(async (repository, digest) => ({
      status: 303,
      headers: { Location: `${apiUrl}/-/v2/packages/container/package/${repository}/referrers/${digest}` },
    })),
  ],
  elsewhere: packagesApi,
};

const docs = "https://docs.github.com/rest/packages/packages";

/**
 * https://docs.github.com/rest/packages/packages#list-package-versions-for-a-package-owned-by-an-organization and its
 * siblings. A version is a manifest, tagged or not; the owner of the package is its first path component, here an
 * organisation, whose packages are not at the address of a user's.
 */
function packagesApi(stage: Stage): Api {
  const ids = new Map<string, number>();
  const idOf = (version: string): number => {
    const id = ids.get(version) ?? 1000 + ids.size;
    ids.set(version, id);
    return id;
  };
  const granted = ["read:packages", "write:packages", ...(stage.options.deletes === false ? [] : ["delete:packages"])];
  return async (call) => {
    const reply = await answer(call);
    // What a classic token may do stands in every answer.
    return { ...reply, headers: { ...reply.headers, "X-OAuth-Scopes": granted.join(", ") } };
  };

  async function answer(call: ApiCall): Promise<Reply> {
    const account = /^\/users\/([^/]+)$/.exec(call.path)?.[1];
    if (account !== undefined && call.method === "GET") return json(200, { login: account, type: "Organization" });
    const form = /^\/(?:orgs\/([^/]+)|user)\/packages\/container\/([^/]+)(\/versions(?:\/(\d+))?)?$/;
    const parts = addressParts(form, call.path);
    if (parts === undefined) return json(404, { message: "Not Found", documentation_url: docs, status: "404" });
    if (!["token", "Bearer"].some((scheme) => call.headers.authorization === `${scheme} ${stage.login.password}`)) {
      return json(401, {
        message: "Bad credentials",
        documentation_url: "https://docs.github.com/rest",
        status: "401",
      });
    }
    const [owner = "", name = "", versionsPath = "", id = ""] = parts;
    const repository = `${owner === "" ? stage.login.user : owner}/${name}`;
    if ((await stage.contents.manifests(repository)).length === 0) {
      return json(404, { message: "Package not found.", documentation_url: docs, status: "404" });
    }
    if (call.method === "GET") return versions(stage, call, repository, { versionsPath, id }, idOf);
    if (call.method !== "DELETE") return json(404, { message: "Not Found", documentation_url: docs, status: "404" });
    if (stage.options.deletes === false) {
      const message = "You need at least delete:packages scope to delete a package version.";
      return json(403, { message, documentation_url: docs, status: "403" });
    }
    return id === ""
      ? deletePackage(stage, repository, versionsPath)
      : deleteVersion(stage, repository, Number(id), idOf);
  }
}

type IdOf = (version: string) => number;

async function versions(
  stage: Stage,
  call: ApiCall,
  repository: string,
  { versionsPath, id: wanted }: { readonly versionsPath: string; readonly id: string },
  idOf: IdOf,
): Promise<Reply> {
  const all: { id: number; [field: string]: unknown }[] = [];
  // The youngest first.
  for (const digest of (await stage.contents.storage.keys(repository, "manifests")).toReversed()) {
    const id = idOf(`${repository}@${digest}`);
    all.push({
      id,
      name: digest,
      url: `${stage.apiUrl}${call.path}/${id}`,
      package_html_url: `https://github.com/orgs/${repository}`,
      created_at: "2024-01-02T03:04:05Z",
      updated_at: "2024-01-02T03:04:05Z",
      html_url: `https://github.com/orgs/${repository}/${id}`,
      metadata: { package_type: "container", container: { tags: await stage.contents.tagsOn(repository, digest) } },
    });
  }
  if (versionsPath === "") return json(200, { name: repository, package_type: "container", version_count: all.length });
  if (wanted !== "") {
    const one = all.find(({ id }) => id === Number(wanted));
    return one === undefined ? notFound() : json(200, one);
  }
  const perPage = Math.min(Number(call.query.get("per_page") ?? 30), 100);
  const page = Number(call.query.get("page") ?? 1);
  const more = all.length > page * perPage;
  const next = `${stage.apiUrl}${call.path}?per_page=${perPage}&page=${page + 1}`;
  return json(200, all.slice((page - 1) * perPage, page * perPage), more ? { Link: `<${next}>; rel="next"` } : {});
}

/** Takes the version away with all its tags; the last tagged one stays, the package would be without a name. */
async function deleteVersion(stage: Stage, repository: string, id: number, idOf: IdOf): Promise<Reply> {
  const all = await stage.contents.manifests(repository);
  const digest = all.find((each) => idOf(`${repository}@${each}`) === id);
  if (digest === undefined) return notFound();
  const tagged = new Set((await stage.contents.tags(repository)).values());
  if (all.length === 1 || (tagged.has(digest) && tagged.size === 1)) {
    const which = all.length === 1 ? "last version" : "last tagged version";
    const message = `You cannot delete the ${which} of a package. You must delete the package instead.`;
    return json(400, { message, documentation_url: docs, status: "400" });
  }
  await stage.contents.remove(repository, digest);
  return { status: 204 };
}

async function deletePackage(stage: Stage, repository: string, versionsPath: string): Promise<Reply> {
  if (versionsPath !== "") return notFound();
  for (const digest of await stage.contents.manifests(repository)) await stage.contents.remove(repository, digest);
  return { status: 204 };
}

function notFound(): Reply {
  return json(404, { message: "Package not found.", documentation_url: docs, status: "404" });
}
