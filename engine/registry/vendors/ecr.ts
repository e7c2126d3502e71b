import { type ErrorCode, ImagesyncError } from "../../errors.ts";
import type { AmazonAccess } from "../../http/amazon-access.ts";
import type { ApiRequests } from "./api-requests.ts";
import { ecrClient, ecrCodes } from "./ecr-client.ts";
import { createEcrRepository } from "./ecr-repository.ts";
import type { TagDeletion, TagDeletionOptions, VendorApi } from "./vendor-api.ts";

const permission = "Deleting a tag at Amazon ECR needs the permission ecr:BatchDeleteImage on the repository";

/**
 * Amazon's registry deletes a tag by its own API, with the cloud's login and not the registry's. The image goes with
 * its last tag.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
 */
export function ecrApi(requests: ApiRequests, address: string | undefined): VendorApi {
  return {
    deleteTag: (tag, options) => deleteTag(requests, address, tag, options),
    createRepository: (options) => createEcrRepository(requests, address, options),
  };
}

async function deleteTag(
  requests: ApiRequests,
  address: string | undefined,
  tag: string,
  { signal }: TagDeletionOptions,
): Promise<TagDeletion> {
  const { registry, repository } = requests.name;
  const access = requests.transport.amazon?.(registry);
  if (access === undefined || access.credentials === "none" || access.region === undefined) return "unavailable";
  // Loaded here and not above: who does not delete at ECR never pays for it.
  const { BatchDeleteImageCommand, ECRClient } = await import("@aws-sdk/client-ecr");
  const client = ecrClient(ECRClient, requests, access, address ?? access.endpoint);
  const command = new BatchDeleteImageCommand({
    ...(access.account !== undefined && { registryId: access.account }),
    repositoryName: repository,
    // The tag alone: with a digest beside it the whole image might be meant.
    imageIds: [{ imageTag: tag }],
  });
  try {
    const { failures = [] } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    const [failure] = failures;
    if (failure === undefined) return "deleted";
    if (failure.failureCode === "ImageNotFound") return "absent";
    // It is the child of an index, and its last tag would take it along: the tag has to be moved away from it instead.
    if (failure.failureCode === "ImageReferencedByManifestList") return "unavailable";
    throw refused(requests, tag, "protocol", `${failure.failureCode ?? "?"}: ${failure.failureReason ?? ""}`);
  } catch (error) {
    signal?.throwIfAborted();
    return judge(error, requests, tag, access);
  }
}

function judge(error: unknown, requests: ApiRequests, tag: string, access: AmazonAccess): TagDeletion {
  if (error instanceof ImagesyncError) throw error;
  const name = error instanceof Error ? error.name : "";
  const message = error instanceof Error ? error.message : "";
  if (name === "RepositoryNotFoundException") return "absent";
  // There is no login of the cloud here, and nothing says that there should be: the registry's own protocol has to do.
  if (name === "CredentialsProviderError" && access.sign === undefined) return "unavailable";
  throw refused(requests, tag, ecrCodes.get(name) ?? "protocol", name === "" ? message : `${name}: ${message}`, error);
}

function refused(
  { name: { registry, repository } }: ApiRequests,
  tag: string,
  code: ErrorCode,
  said: string,
  cause?: unknown,
): ImagesyncError {
  const login = code === "denied" || code === "unauthorized";
  return new ImagesyncError({
    code,
    operation: "delete tag",
    side: "destination",
    registry,
    reference: `${registry}/${repository}:${tag}`,
    message: `Cannot delete tag ${registry}/${repository}:${tag}: Amazon's API answered ${said.replace(/\p{Cc}+/gu, " ").slice(0, 300)}`,
    hint: login ? permission : undefined,
    cause,
  });
}
