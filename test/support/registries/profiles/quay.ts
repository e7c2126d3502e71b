import type { Handling } from "../../../../embedded-registry/index.ts";
import type { Contents } from "./contents.ts";
import type { Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { keepUntagged, refuseBlobDelete, refuseDeletes, unsupported } from "./rules-delete.ts";
import { referrersAnswer } from "./rules-list.ts";

const unknownManifest = refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");

/** Quay and quay.io. https://github.com/quay/quay/blob/v3.11.0/endpoints/v2/manifest.py */
export const quay: Profile = {
  name: "quay",
  vendor: "quay",
  cells: {
    login: { is: "Bearer; scopes push, pull, *", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "its tags; 404 if untagged", known: "code" },
    blobDelete: { is: "405 UNSUPPORTED", known: "code" },
    referrers: { is: "API; 400 for an unknown subject", known: "code" },
    mount: { is: "201 with from", known: "code" },
    chunks: { is: "416 for gaps", known: "code" },
    creation: { is: "by push, private", known: "doc" },
    tagPages: { is: "of 100", known: "code" },
    refusedDelete: { is: "405 UNSUPPORTED, read-only", known: "code" },
    api: { is: "not needed", known: "code" },
  },
  login: { user: "team+mirror", password: "a-robot's-token" },
  auth: ({ user, password }) => ({
    kind: "token",
    users: { [user]: password },
    path: "/v2/auth",
    scopeActions: ["pull", "push", "*"],
    // A delete is a kind of push.
    requires: (method) => (method === "DELETE" ? ["pull", "push"] : undefined),
  }),
  registry: { maxTagsPerPage: 100 },
  rules: ({ contents, options }) => [
    ...(options.deletes === false ? [refuseDeletes(readOnly)] : []),
    refuseBlobDelete(unsupported),
    keepUntagged(contents, unknownManifest),
    forgetUntagged(contents),
    referrersAnswer(async (repository, digest) =>
      (await contents.mediaType(repository, digest)) === undefined
        ? refusal(400, "MANIFEST_INVALID", "manifest invalid")
        : undefined,
    ),
  ],
};

const readOnly = refusal(
  405,
  "UNSUPPORTED",
  "The operation is unsupported.",
  "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
);

/**
 * Whatever lost its last tag is not found any more, with all below it, unless a tagged index names it: manifests live by
 * tags. What was just pushed by digest has a hidden tag for an hour; here every manifest is older than that when
 * something is deleted.
 */
function forgetUntagged(contents: Contents): Handling {
  async function forget(repository: string, digest: string): Promise<void> {
    const there = (await contents.mediaType(repository, digest)) !== undefined;
    if (!there || (await contents.tagsOn(repository, digest)).length > 0) return;
    if ((await contents.parents(repository, digest)).length > 0) return;
    const { manifests } = await contents.names(digest);
    await contents.remove(repository, digest);
    for (const child of manifests) await forget(repository, child);
  }
  return async (exchange, next) => {
    const { kind, repository, reference } = exchange.route;
    const deletes = exchange.request.method === "DELETE" && kind === "manifest";
    const digest = deletes ? await contents.resolve(repository, reference) : undefined;
    const below = digest === undefined ? [] : (await contents.names(digest)).manifests;
    const reply = await next();
    if (digest === undefined || reply.status !== 202) return reply;
    for (const lost of [digest, ...below]) await forget(repository, lost);
    return reply;
  };
}
