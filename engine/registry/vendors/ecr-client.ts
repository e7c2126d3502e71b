import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ErrorCode } from "../../errors.ts";
import { type AmazonAccess, silentLogger } from "../../http/amazon-access.ts";
import { amazonHandler } from "./amazon-handler.ts";
import type { ApiRequests } from "./api-requests.ts";
import { memoryOf } from "./memory.ts";

/** The client of Amazon's SDK, one for each registry: what the SDK finds of credentials, it keeps. */
export function ecrClient(
  Client: typeof ECRClient,
  { name: { registry }, transport }: ApiRequests,
  { credentials, region, fips, dualStack }: AmazonAccess,
  endpoint: string | undefined,
): ECRClient {
  const { clients } = memoryOf(transport);
  const found = clients.get(registry);
  if (found instanceof Client) return found;
  const client = new Client({
    requestHandler: amazonHandler(transport, registry),
    // One retry loop is enough, and a delete is not sent twice.
    maxAttempts: 1,
    // The SDK warns on the console by default.
    logger: silentLogger,
    ...(region !== undefined && { region }),
    ...(typeof credentials === "object" && { credentials }),
    // The SDK refuses an address together with the choice of one.
    ...(endpoint === undefined
      ? { useFipsEndpoint: fips, useDualstackEndpoint: dualStack }
      : { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
  });
  clients.set(registry, client);
  return client;
}

/** What the API's own names for failures come to. */
export const ecrCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ["AccessDeniedException", "denied"],
  ["UnrecognizedClientException", "unauthorized"],
  ["InvalidSignatureException", "unauthorized"],
  ["IncompleteSignatureException", "unauthorized"],
  ["MissingAuthenticationTokenException", "unauthorized"],
  ["ExpiredTokenException", "unauthorized"],
  ["ThrottlingException", "rate-limited"],
  ["ServerException", "unavailable"],
  ["CredentialsProviderError", "credentials"],
]);
