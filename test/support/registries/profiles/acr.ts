import type { Api } from "../../../../embedded-registry/index.ts";
import { addressParts } from "./address.ts";
import type { Profile, Stage } from "./profile.ts";
import { json, refusal } from "./refusal.ts";
import { refuseDeletes } from "./rules-delete.ts";

const disallowed = refusal(
  405,
  "UNSUPPORTED",
  "The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation",
);

/** What it keeps of a tag beside its digest. */
const properties = {
  createdTime: "2026-01-01T00:00:00.0000000Z",
  lastUpdateTime: "2026-01-01T00:00:00.0000000Z",
  signed: false,
  changeableAttributes: { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true },
};

/** Azure Container Registry. */
export const acr: Profile = {
  name: "acr",
  vendor: "acr",
  cells: {
    login: { is: "Bearer of /oauth2/token; lists need metadata_read", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "yes, with all its tags", known: "doc" },
    blobDelete: { is: "yes", known: "memory" },
    referrers: { is: "API", known: "doc" },
    mount: { is: "201", known: "doc" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push", known: "doc" },
    tagPages: { is: "in order", known: "doc" },
    refusedDelete: { is: "405 UNSUPPORTED, locked", known: "issue" },
    api: { is: "DELETE /acr/v1/R/_tags/T", known: "doc" },
  },
  login: { user: "11111111-2222-3333-4444-555555555555", password: "a-service-principal's~secret" },
  auth: ({ user, password }) => ({
    kind: "token",
    users: { [user]: password },
    path: "/oauth2/token",
    requires: (method, kind) => (kind === "tags" && method === "GET" ? ["metadata_read"] : undefined),
  }),
  rules: ({ options }) => (options.deletes === false ? [refuseDeletes(disallowed)] : []),
  api: tagApi,
};

/**
 * Tags as things of their own, with the registry's own tokens.
 * https://learn.microsoft.com/rest/api/containerregistry/tag
 */
function tagApi({ contents, options }: Stage): Api {
  return async (call) => {
    const [listed] = addressParts(/^\/acr\/v1\/(.+)\/_tags$/, call.path) ?? [];
    if (listed !== undefined && call.method === "GET") {
      call.authorize(listed, ["metadata_read"]);
      const tags = [...(await contents.tags(listed))].map(([name, digest]) => ({ name, digest, ...properties }));
      return json(200, { registry: call.headers.host, imageName: listed, tags });
    }
    const parts = addressParts(/^\/acr\/v1\/(.+)\/_tags\/([^/]+)$/, call.path);
    if (parts === undefined) return undefined;
    const [repository = "", tag = ""] = parts;
    if (call.method !== "DELETE") return refusal(405, "UNSUPPORTED", "The operation is unsupported.");
    call.authorize(repository, ["delete"]);
    if (options.deletes === false) return disallowed;
    if (!(await contents.knows(repository))) {
      return refusal(404, "NAME_UNKNOWN", "repository name not known to registry", { name: repository });
    }
    if (!(await contents.untag(repository, tag))) {
      return refusal(404, "TAG_UNKNOWN", "the specified tag does not exist", { tag });
    }
    return { status: 202 };
  };
}
