import { randomBytes } from "node:crypto";
import type { Api, ApiCall, Handling, Reply } from "../../../../embedded-registry/index.ts";
import { testLogin } from "../login.ts";
import { addressParts, jsonObject } from "./address.ts";
import type { Profile, Stage } from "./profile.ts";
import { json } from "./refusal.ts";
import {
  keepChildren,
  keepSubjects,
  keepTagged,
  refuseBlobDelete,
  refuseDeletes,
  refuseTagDelete,
  unsupported,
} from "./rules-delete.ts";

/** The registry says no without a word: its documentation has no body there. */
const forbidden: Reply = { status: 403 };

/** Docker Hub; its API is at hub.docker.com. */
export const dockerHub: Profile = {
  name: "docker-hub",
  vendor: "docker-hub",
  cells: {
    login: { is: "Bearer", known: "doc" },
    tagDelete: { is: "405 UNSUPPORTED", known: "memory" },
    digestDelete: { is: "403 while tagged or referred to", known: "doc" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "API", known: "memory" },
    mount: { is: "201", known: "doc" },
    chunks: { is: "416 for gaps", known: "memory" },
    creation: { is: "by push", known: "doc" },
    tagPages: { is: "in order", known: "memory" },
    refusedDelete: { is: "403 v2 and API", known: "memory" },
    api: { is: "DELETE /v2/repositories/R/tags/T/", known: "code" },
  },
  login: testLogin,
  auth: ({ user, password }) => ({ kind: "token", users: { [user]: password }, service: "registry.docker.io" }),
  rules: ({ contents, options }) => [
    pullLimit,
    ...(options.deletes === false ? [refuseDeletes(forbidden)] : []),
    refuseTagDelete(unsupported),
    refuseBlobDelete(unsupported),
    keepTagged(contents, () => forbidden),
    keepChildren(contents, () => forbidden),
    keepSubjects(contents, () => forbidden),
    ...(options.answersLate === true ? [answerLate] : []),
  ],
  elsewhere: hubApi,
};

/** How much may still be pulled stands in the answer for every manifest. */
const pullLimit: Handling = async (exchange, next) => {
  const reply = await next();
  if (exchange.route.kind !== "manifest") return reply;
  const limit = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
  return { ...reply, headers: { ...reply.headers, ...limit } };
};

/** A delete may be answered with 500 and goes on in the background, as the documentation says. */
const answerLate: Handling = async (exchange, next) => {
  const reply = await next();
  return exchange.request.method === "DELETE" && reply.status === 202 ? { status: 500 } : reply;
};

/** https://docs.docker.com/reference/api/hub/latest/ and https://github.com/docker/hub-tool/tree/main/pkg/hub */
function hubApi(stage: Stage): Api {
  const tokens = new Set<string>();
  return async (call) => {
    if (call.method === "POST" && /^\/v2\/(?:users\/login|auth\/token)\/?$/.test(call.path)) {
      return login(stage, call, tokens);
    }
    const form = /^\/v2\/(?:repositories|namespaces)\/([^/]+)\/(?:repositories\/)?([^/]+)\/tags\/([^/]+)\/?$/;
    const parts = addressParts(form, call.path);
    if (parts === undefined) return json(404, { message: "404 page not found", errinfo: {} });
    const token = /^(?:JWT|Bearer) (\S+)$/.exec(call.headers.authorization ?? "")?.[1];
    if (token === undefined) return json(401, { detail: "Authentication credentials were not provided." });
    if (!tokens.has(token)) return json(401, { detail: "Error decoding signature." });
    return tag(stage, call, parts);
  };
}

async function tag({ contents, options }: Stage, call: ApiCall, parts: readonly string[]): Promise<Reply> {
  const [namespace = "", name = "", wanted = ""] = parts;
  const repository = `${namespace}/${name}`;
  const digest = await contents.resolve(repository, wanted);
  if (call.method === "GET" && digest !== undefined) {
    return json(200, { name: wanted, digest, tag_status: "active", v2: true, images: [] });
  }
  if (call.method === "DELETE" && options.deletes === false) {
    return json(403, { detail: "You do not have permission to perform this action." });
  }
  if (call.method === "DELETE" && (await contents.untag(repository, wanted))) return { status: 204 };
  return json(404, { message: "object not found", errinfo: {} });
}

/** By the name of the user and a password, or, newer, by an identifier and a secret. */
async function login(stage: Stage, call: ApiCall, tokens: Set<string>): Promise<Reply> {
  const given = jsonObject(await call.body());
  if (given === undefined) return json(400, { detail: "JSON parse error" });
  const newer = call.path.startsWith("/v2/auth/token");
  const user = newer ? given["identifier"] : given["username"];
  const password = newer ? given["secret"] : given["password"];
  if (user !== stage.login.user || password !== stage.login.password) {
    return json(401, { detail: "Incorrect authentication credentials" });
  }
  const token = `eyJ.${randomBytes(24).toString("base64url")}.sig`;
  tokens.add(token);
  return json(200, newer ? { access_token: token } : { token, refresh_token: "" });
}
