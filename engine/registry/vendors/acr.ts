import type { ApiRequests } from "./api-requests.ts";
import type { TagDeletion, TagDeletionOptions, VendorApi } from "./vendor-api.ts";

const permission =
  "Deleting a tag at Azure needs the role AcrDelete, or a token of the registry with the action content/delete";

/**
 * Azure's registry deletes a tag by its own API, in all versions, with the login of the registry.
 * @see https://learn.microsoft.com/en-us/rest/api/containerregistry/tag/delete
 */
export function acrApi(requests: ApiRequests): VendorApi {
  return { deleteTag: (tag, options) => deleteTag(requests, tag, options) };
}

async function deleteTag(requests: ApiRequests, tag: string, { signal }: TagDeletionOptions): Promise<TagDeletion> {
  const { repository } = requests.name;
  const answer = await requests.send({
    operation: `delete tag ${repository}:${tag}`,
    method: "DELETE",
    path: `/acr/v1/${repository}/_tags/${encodeURIComponent(tag)}`,
    // The same as for the other requests of a removal: one token serves them all.
    access: [{ repository, actions: ["pull", "push", "delete"] }],
    signal,
  });
  if (answer.status < 300) return "deleted";
  if (answer.status === 404) return answer.json === undefined ? "unavailable" : "absent";
  const error = requests.failure(answer, { operation: "delete tag", object: `:${tag}`, permission });
  // So it answers for a tag with deleteEnabled=false. To go on would be to move a tag that shall stay.
  if (answer.status !== 405) throw error;
  throw error.with({
    hint: "The tag or the repository is locked; unlock it (az acr repository update --delete-enabled true) to delete it",
  });
}
