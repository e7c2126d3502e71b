import { testLogin } from "../login.ts";
import type { Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { refuseBlobDelete, refuseDeletes, refuseTagDelete, unsupported } from "./rules-delete.ts";
import { allTagsOrNull } from "./rules-list.ts";
import { neverMount } from "./rules-push.ts";

/** JFrog Artifactory. */
export const artifactory: Profile = {
  name: "artifactory",
  vendor: "artifactory",
  cells: {
    login: { is: "Bearer by Basic", known: "issue" },
    tagDelete: { is: "yes", known: "memory" },
    digestDelete: { is: "yes, with all its tags", known: "memory" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "API", known: "doc" },
    mount: { is: "202, never", known: "issue" },
    chunks: { is: "416 for gaps", known: "memory" },
    creation: { is: "by push in a local repository", known: "doc" },
    tagPages: { is: "in order", known: "memory" },
    refusedDelete: { is: "403 DENIED", known: "memory" },
    api: { is: "not needed", known: "memory" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "token", users: { [user]: password }, path: "/v2/token" }),
  rules: ({ options }) => [
    ...(options.deletes === false
      ? [refuseDeletes(refusal(403, "DENIED", "The user does not have permission to delete"))]
      : []),
    refuseBlobDelete(unsupported),
    neverMount,
  ],
};

/** Sonatype Nexus 3. */
export const nexus: Profile = {
  name: "nexus",
  vendor: "nexus",
  cells: {
    login: { is: "Basic", known: "doc" },
    tagDelete: { is: "405 UNSUPPORTED", known: "memory" },
    digestDelete: { is: "yes, with all its tags", known: "issue" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "404", known: "memory" },
    mount: { is: "202, never", known: "memory" },
    chunks: { is: "416 for gaps", known: "memory" },
    creation: { is: "by push", known: "doc" },
    tagPages: { is: "one page, null when empty", known: "issue" },
    refusedDelete: { is: "403 DENIED", known: "memory" },
    api: { is: "none for single tags", known: "memory" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  registry: { referrersApi: false },
  rules: ({ contents, options }) => [
    ...(options.deletes === false
      ? [refuseDeletes(refusal(403, "DENIED", "access to the requested resource is not authorized"))]
      : []),
    refuseTagDelete(unsupported),
    refuseBlobDelete(unsupported),
    neverMount,
    allTagsOrNull(contents),
  ],
};

/** Cloudflare's serverless registry. https://github.com/cloudflare/serverless-registry */
export const cloudflare: Profile = {
  name: "cloudflare",
  vendor: undefined,
  cells: {
    login: { is: "Basic", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "yes, with all its tags", known: "code" },
    blobDelete: { is: "yes, in use or not", known: "code" },
    referrers: { is: "API", known: "code" },
    mount: { is: "201", known: "code" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push", known: "code" },
    tagPages: { is: "in order", known: "code" },
    refusedDelete: { is: "401", known: "code" },
    api: { is: "not needed", known: "code" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  rules: ({ options }) =>
    options.deletes === false ? [refuseDeletes(refusal(401, "UNAUTHORIZED", "authentication required"))] : [],
};
