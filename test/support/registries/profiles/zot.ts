import { testLogin } from "../login.ts";
import type { Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { keepChildren, keepUsedBlobs, missingOnDelete, refuseDeletes } from "./rules-delete.ts";

const denied = "requested access to the resource is denied";

/** zot. https://github.com/project-zot/zot/blob/main/pkg/api/routes.go */
export const zot: Profile = {
  name: "zot",
  vendor: "zot",
  cells: {
    login: { is: "Basic", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "yes, with all its tags; 405 DENIED in an index", known: "code" },
    blobDelete: { is: "405 DENIED if in use", known: "code" },
    referrers: { is: "API", known: "code" },
    mount: { is: "201", known: "code" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push", known: "code" },
    tagPages: { is: "in order", known: "code" },
    refusedDelete: { is: "403 DENIED", known: "code" },
    api: { is: "not needed", known: "code" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  rules: ({ contents, options }) => [
    ...(options.deletes === false ? [refuseDeletes(refusal(403, "DENIED", denied))] : []),
    missingOnDelete(contents, refusal(400, "NAME_UNKNOWN", "repository name not known to registry")),
    keepChildren(contents, () => refusal(405, "DENIED", denied)),
    keepUsedBlobs(contents, () => refusal(405, "DENIED", denied)),
  ],
};
