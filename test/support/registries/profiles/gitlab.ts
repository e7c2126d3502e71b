import type { Handling } from "../../../../embedded-registry/index.ts";
import { testLogin } from "../login.ts";
import type { Contents } from "./contents.ts";
import type { Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { refuseDeletes } from "./rules-delete.ts";

/** GitLab's container registry, from 16.4 on. */
export const gitlab: Profile = {
  name: "gitlab",
  vendor: "gitlab",
  cells: {
    login: { is: "Bearer of /jwt/auth", known: "doc" },
    tagDelete: { is: "yes", known: "doc" },
    digestDelete: { is: "yes, with all its tags", known: "doc" },
    blobDelete: { is: "yes", known: "doc" },
    referrers: { is: "404; the fallback tag finds the subject itself", known: "issue" },
    mount: { is: "201", known: "doc" },
    chunks: { is: "416 for gaps", known: "memory" },
    creation: { is: "by push", known: "doc" },
    tagPages: { is: "in order", known: "doc" },
    refusedDelete: { is: "401 insufficient_scope", known: "memory" },
    api: { is: "not needed", known: "doc" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({
    kind: "token",
    users: { [user]: password },
    path: "/jwt/auth",
    service: "container_registry",
  }),
  registry: { referrersApi: false },
  rules: ({ contents, options }) => [
    ...(options.deletes === false ? [refuseDeletes(refusal(401, "UNAUTHORIZED", "authentication required"))] : []),
    digestAsTag(contents),
  ],
};

/** A tag that looks like the fallback tag of a digest leads to the manifest of the digest. */
function digestAsTag(contents: Contents): Handling {
  return async (exchange, next) => {
    const { kind, repository, reference } = exchange.route;
    const digest = /^sha256-[0-9a-f]{64}$/.test(reference) ? reference.replace("-", ":") : undefined;
    const reads = exchange.request.method === "GET" || exchange.request.method === "HEAD";
    const mediaType = digest === undefined ? undefined : await contents.mediaType(repository, digest);
    if (kind !== "manifest" || !reads || digest === undefined || mediaType === undefined) return next();
    if ((await contents.resolve(repository, reference)) !== undefined) return next();
    const headers = { "Content-Type": mediaType, "Docker-Content-Digest": digest, ETag: `"${digest}"` };
    return { status: 200, headers, body: Buffer.from(await contents.text(digest)) };
  };
}
