import { type ErrorCode, ImagesyncError } from "../../errors.ts";
import type { ApiRequests } from "./api-requests.ts";
import type { TagDeletion, TagDeletionOptions, VendorApi } from "./vendor-api.ts";

/** What Harbor calls itself in its challenges, whatever its host is called. */
export const harborService = "harbor-registry";

const permission =
  "Deleting a tag at Harbor needs the role Developer or higher in the project, or a robot account with the permission to delete tags";

/**
 * Harbor refuses to delete a tag by the distribution protocol, and by its own API compares the digest itself.
 * @see https://github.com/goharbor/harbor/blob/v2.12.0/api/v2.0/swagger.yaml
 */
export function harborApi(requests: ApiRequests): VendorApi {
  return { deleteTag: (tag, options) => deleteTag(requests, tag, options) };
}

async function deleteTag(
  requests: ApiRequests,
  tag: string,
  { digest, signal }: TagDeletionOptions,
): Promise<TagDeletion> {
  const { registry, repository } = requests.name;
  const slash = repository.indexOf("/");
  const account = await requests.transport.account?.(registry, repository, signal);
  if (account === undefined || slash < 0) return "unavailable";
  const project = encodeURIComponent(repository.slice(0, slash));
  // Encoded twice: the proxy in front of Harbor undoes the first.
  const rest = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)));
  const answer = await requests.send({
    operation: `delete tag ${repository}:${tag}`,
    method: "DELETE",
    path: `/api/v2.0/projects/${project}/repositories/${rest}/artifacts/${digest}/tags/${encodeURIComponent(tag)}`,
    authorization: `Basic ${Buffer.from(`${account.username}:${account.password}`).toString("base64")}`,
    signal,
  });
  if (answer.status < 300) return "deleted";
  if (answer.status === 404) return answer.json === undefined ? "unavailable" : "absent";
  throw requests.failure(answer, { operation: "delete tag", object: `:${tag}`, permission });
}

/** Whether Harbor answers here. What leads elsewhere or wants a login for it is none. */
export async function isHarbor(requests: ApiRequests, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const answer = await requests.send({
      operation: "recognise the registry",
      method: "GET",
      path: "/api/v2.0/ping",
      headers: { accept: "text/plain" },
      signal,
    });
    return answer.status === 200 && /^"?pong"?$/i.test(answer.text.trim());
  } catch (error) {
    if (error instanceof ImagesyncError && notHarbor.has(error.code)) return false;
    throw error;
  }
}

const notHarbor: ReadonlySet<ErrorCode> = new Set(["redirect-refused", "unauthorized", "protocol", "limit"]);
