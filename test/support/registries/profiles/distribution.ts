import type { Handling } from "../../../../embedded-registry/index.ts";
import { testLogin } from "../login.ts";
import type { Contents } from "./contents.ts";
import type { Cells, Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { allTagsOrNull } from "./rules-list.ts";
import { appendBlindly, noSinglePost } from "./rules-push.ts";
import { refuseDeletes, refuseTagDelete, unsupported } from "./rules-delete.ts";

const shared = {
  login: { is: "none, Basic or Bearer", known: "ran" },
  digestDelete: { is: "yes, with all its tags", known: "ran" },
  blobDelete: { is: "yes, in use or not", known: "ran" },
  referrers: { is: "404", known: "ran" },
  mount: { is: "201", known: "ran" },
  creation: { is: "by push", known: "ran" },
  refusedDelete: { is: "405 UNSUPPORTED", known: "ran" },
  api: { is: "none", known: "code" },
} satisfies Partial<Cells>;

/** The registry of the Distribution project, version 2.8: Debian's docker-registry, and what many others are built on. */
export const distribution28: Profile = {
  name: "distribution-2.8",
  vendor: "distribution",
  cells: {
    ...shared,
    tagDelete: { is: "400 DIGEST_INVALID", known: "ran" },
    chunks: { is: "appended blindly", known: "ran" },
    tagPages: { is: "none, one page", known: "ran" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  registry: { referrersApi: false, verifySizes: false },
  rules: ({ contents, options }) => [
    ...(options.deletes === false ? [refuseDeletes(unsupported)] : []),
    refuseTagDelete(refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content")),
    manifestBeforeTags(contents),
    allTagsOrNull(contents),
    appendBlindly,
    noSinglePost,
  ],
};

/** The same project's version 3. */
export const distribution3: Profile = {
  name: "distribution-3",
  vendor: "distribution",
  cells: {
    ...shared,
    login: { is: "none, Basic or Bearer", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "yes, with all its tags", known: "code" },
    blobDelete: { is: "yes, in use or not", known: "code" },
    referrers: { is: "404", known: "code" },
    mount: { is: "201", known: "code" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push", known: "code" },
    tagPages: { is: "in order", known: "code" },
    refusedDelete: { is: "405 UNSUPPORTED", known: "code" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  registry: { referrersApi: false, verifySizes: false },
  rules: ({ options }) => (options.deletes === false ? [refuseDeletes(unsupported)] : []),
};

/**
 * Deletes a manifest first and its tags afterwards, and reads all tags of the repository for it. A tag that cannot be
 * read (somebody is writing its file, which is empty just then) ends it in the middle: 500, and the tags that were not
 * reached are listed from then on with nothing behind them. No delete reaches them, as their manifest is gone.
 */
function manifestBeforeTags(contents: Contents): Handling {
  return async (exchange, next) => {
    const { kind, repository, reference } = exchange.route;
    if (exchange.request.method !== "DELETE" || kind !== "manifest") return next();
    if ((await contents.mediaType(repository, reference)) === undefined) return next();
    const tags = await contents.tags(repository);
    if (![...tags.values()].includes("")) return next();
    await contents.forget(repository, reference);
    return refusal(500, "UNKNOWN", "unknown error");
  };
}
