import { type ErrorCode, ImagesyncError } from "../../errors.ts";
import type { ApiRequests } from "./api-requests.ts";
import { ecrClient, ecrCodes } from "./ecr-client.ts";
import type { RepositoryCreation } from "./vendor-api.ts";

/**
 * Creates a repository with the settings that its account has for new ones; Amazon does not do that at the first push.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export async function createEcrRepository(
  requests: ApiRequests,
  address: string | undefined,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<RepositoryCreation> {
  const { registry, repository } = requests.name;
  const access = requests.transport.amazon?.(registry);
  if (access === undefined || access.credentials === "none" || access.region === undefined) return "unavailable";
  // Loaded here and not above: who finds the repository in place never pays for it.
  const { CreateRepositoryCommand, ECRClient } = await import("@aws-sdk/client-ecr");
  const client = ecrClient(ECRClient, requests, access, address ?? access.endpoint);
  const command = new CreateRepositoryCommand({
    ...(access.account !== undefined && { registryId: access.account }),
    repositoryName: repository,
  });
  try {
    await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    return "created";
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ImagesyncError) throw error;
    const name = error instanceof Error ? error.name : "";
    // Somebody was faster.
    if (name === "RepositoryAlreadyExistsException") return "present";
    if (name === "CredentialsProviderError" && access.sign === undefined) return "unavailable";
    throw refused(requests, name, error);
  }
}

/** What only this call answers. */
const ownCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ["LimitExceededException", "quota"],
  ["InvalidParameterException", "invalid-reference"],
]);

function refused({ name: { registry, repository } }: ApiRequests, name: string, error: unknown): ImagesyncError {
  const code = ownCodes.get(name) ?? ecrCodes.get(name) ?? "protocol";
  const message = error instanceof Error ? error.message : "";
  // What it says of a bad signature repeats the request.
  const said = (code === "unauthorized" ? name : `${name}: ${message}`).replace(/\p{Cc}+/gu, " ").slice(0, 300);
  return new ImagesyncError({
    code,
    operation: "create the repository",
    side: "destination",
    registry,
    reference: `${registry}/${repository}`,
    registryCode: name,
    message: `Cannot create the repository ${registry}/${repository}: Amazon's API answered ${said}`,
    hint: hintFor(code),
  });
}

function hintFor(code: ErrorCode): string | undefined {
  switch (code) {
    case "denied":
    case "unauthorized":
      return "Creating a repository at Amazon ECR needs the permission ecr:CreateRepository; or create it by hand";
    case "quota":
      return "Raise the limit of repositories of the account, or delete some";
    case "invalid-reference":
      return "Amazon allows fewer names than other registries do: from 2 to 256 characters, letters first";
    default:
      return undefined;
  }
}
