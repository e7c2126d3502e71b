import type { Api, Reply } from "../../../../embedded-registry/index.ts";
import { basicAuthorization } from "../login.ts";
import { addressParts } from "./address.ts";
import type { Profile, Stage } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { keepChildren, refuseDeletes, refuseTagDelete, takeAlong } from "./rules-delete.ts";
import { existingOnly, isMade } from "./rules-push.ts";

const forbidden = refusal(403, "FORBIDDEN", "forbidden");

/** Harbor 2. */
export const harbor: Profile = {
  name: "harbor",
  vendor: "harbor",
  cells: {
    login: { is: "Bearer of /service/token", known: "code" },
    tagDelete: { is: "400 UNSUPPORTED", known: "code" },
    digestDelete: { is: "with tags, children, referrers; 412 in an index", known: "code" },
    blobDelete: { is: "yes, not to be used", known: "code" },
    referrers: { is: "API", known: "code" },
    mount: { is: "201", known: "code" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push; the project must exist", known: "code" },
    tagPages: { is: "in order", known: "code" },
    refusedDelete: { is: "401 v2, 403 FORBIDDEN API", known: "memory" },
    api: { is: "DELETE …/artifacts/REF/tags/T", known: "code" },
  },
  login: { user: "robot$mirror", password: "a-robot's-secret" },
  auth: ({ user, password }) => ({
    kind: "token",
    users: { [user]: password },
    path: "/service/token",
    service: "harbor-registry",
  }),
  rules: ({ contents, options }) => [
    existingOnly(
      (project) => isMade(options, project),
      1,
      (project) => refusal(404, "NOT_FOUND", `project ${project} not found`),
    ),
    ...(options.deletes === false
      ? [refuseDeletes(refusal(401, "UNAUTHORIZED", "unauthorized to access repository: delete"))]
      : []),
    refuseTagDelete(refusal(400, "UNSUPPORTED", "unsupported digest: invalid checksum digest format")),
    keepChildren(contents, ({ route }, [parent = ""]) =>
      refusal(412, "PRECONDITION", `the deleting artifact ${route.reference} is referenced by ${parent}`),
    ),
    takeAlong(contents),
  ],
  api: harborApi,
};

/**
 * https://github.com/goharbor/harbor/blob/v2.11.0/api/v2.0/swagger.yaml, as far as tags go. The name of a repository
 * stands in the address without its project and encoded twice: `a/b` is `a%252Fb`.
 */
function harborApi(stage: Stage): Api {
  return async (call) => {
    if (call.path === "/api/v2.0/ping" && call.method === "GET") {
      return { status: 200, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: Buffer.from("Pong") };
    }
    if (!call.path.startsWith("/api/v2.0/")) return undefined;
    const form = /^\/api\/v2\.0\/projects\/([^/]+)\/repositories\/([^/]+)\/artifacts\/([^/]+)\/tags\/([^/]+)$/;
    const parts = addressParts(form, call.path);
    if (parts === undefined || call.method !== "DELETE") return refusal(404, "NOT_FOUND", "path not found");
    if (call.headers.authorization !== basicAuthorization(stage.login)) {
      return refusal(401, "UNAUTHORIZED", "unauthorized");
    }
    if (stage.options.deletes === false) return forbidden;
    return deleteTag(stage, parts);
  };
}

async function deleteTag({ contents }: Stage, parts: readonly string[]): Promise<Reply> {
  const [project = "", once = "", reference = "", tag = ""] = parts;
  // The router matches the address before it decodes it, so a slash that was encoded once ends the name.
  const [name] = addressParts(/^([^/]+)$/, once) ?? [];
  if (name === undefined) return refusal(404, "NOT_FOUND", "path not found");
  const repository = `${project}/${name}`;
  const digest = await contents.resolve(repository, reference);
  if (digest === undefined) return refusal(404, "NOT_FOUND", `artifact ${repository}:${reference} not found`);
  if (!(await contents.tagsOn(repository, digest)).includes(tag)) {
    return refusal(404, "NOT_FOUND", `tag ${tag} attached to artifact 1 not found`);
  }
  await contents.untag(repository, tag);
  return { status: 200 };
}
