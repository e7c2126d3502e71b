import { ImagesyncError } from "../../errors.ts";
import type { Account } from "../../http/message.ts";
import { asObject } from "../../oci/descriptor.ts";
import type { ApiAnswer, ApiRequests } from "./api-requests.ts";
import { memoryOf } from "./memory.ts";
import type { TagDeletion, TagDeletionOptions, VendorApi } from "./vendor-api.ts";

export const dockerHubAddress = "https://hub.docker.com";

const permission =
  "Deleting a tag at Docker Hub needs a password, or an access token with the permission Read, Write & Delete, of an account that may write to the repository";

/**
 * Docker Hub deletes tags by the API of its web site only, which has a login of its own.
 * @see https://docs.docker.com/reference/api/hub/latest/
 */
export function dockerHubApi(requests: ApiRequests): VendorApi {
  return { deleteTag: (tag, options) => deleteTag(requests, tag, options) };
}

async function deleteTag(requests: ApiRequests, tag: string, { signal }: TagDeletionOptions): Promise<TagDeletion> {
  const { registry, repository } = requests.name;
  const account = await requests.transport.account?.(registry, repository, signal);
  if (account === undefined) return "unavailable";
  const key = JSON.stringify([requests.place, account.username, account.password]);
  const { tokens, logins } = memoryOf(requests.transport);
  for (let attempt = 1; ; attempt += 1) {
    const token = tokens.get(key) ?? (await logins.run(key, () => logIn(requests, account, tag)));
    signal?.throwIfAborted();
    tokens.set(key, token);
    const answer = await requests.send({
      operation: `delete tag ${repository}:${tag}`,
      method: "DELETE",
      path: `/v2/repositories/${repository}/tags/${encodeURIComponent(tag)}/`,
      authorization: `Bearer ${token}`,
      signal,
    });
    if (answer.status < 300) return "deleted";
    if (answer.status === 404) return answer.json === undefined ? "unavailable" : "absent";
    if (tokens.get(key) === token) tokens.delete(key);
    // A token lasts for minutes, a process that serves requests for months.
    if (answer.status === 401 && attempt === 1) continue;
    throw requests.failure(answer, { operation: "delete tag", object: `:${tag}`, permission });
  }
}

/** On nobody's signal: the token is shared by all who wait for it. */
async function logIn(requests: ApiRequests, { username, password }: Account, tag: string): Promise<string> {
  const operation = "log in to the API of Docker Hub";
  const send = (path: string, json: unknown): Promise<ApiAnswer> =>
    requests.send({ operation, method: "POST", path, json });
  let answer = await send("/v2/auth/token", { identifier: username, secret: password });
  // The older address, which hosts that stand in for the Hub may still have alone.
  if (answer.status === 404 || answer.status === 405) answer = await send("/v2/users/login", { username, password });
  const fields = asObject(answer.json);
  const token = fields?.["access_token"] ?? fields?.["token"];
  if (answer.status >= 300) throw requests.failure(answer, { operation: "delete tag", object: `:${tag}`, permission });
  if (typeof token === "string" && /^[\w.~+/=-]{1,16384}$/.test(token)) return token;
  throw new ImagesyncError({
    code: "protocol",
    operation,
    registry: requests.name.registry,
    message: `Cannot ${operation}: there is no token in its answer`,
    hint: "Accounts with a second factor need an access token in place of the password",
  });
}
