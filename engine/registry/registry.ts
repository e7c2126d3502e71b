import { ImagesyncError } from "../errors.ts";
import type { AmazonAccess } from "../http/amazon-access.ts";
import type { Account, HttpRequest, HttpResponse } from "../http/message.ts";
import type { Redactor } from "../http/redact.ts";
import type { RegistryFamily } from "../http/transport.ts";
import type { Mirror } from "../http/transport-check.ts";
import { discardBody } from "./body.ts";
import { refusal } from "./errors.ts";

/** What this room needs of the HTTP room. */
export interface Transport {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** The login of a repository as user name and password. Without it vendors' own APIs are left alone. */
  account?(registry: string, repository: string, signal?: AbortSignal): Promise<Account | undefined>;
  /** What is set and was told of a registry's family. */
  family?(registry: string): RegistryFamily;
  /** With what the API of Amazon is used for a registry. */
  amazon?(registry: string): AmazonAccess;
  /** The mirrors of a registry, in order. */
  mirrorsOf?(registry: string): readonly Mirror[];
  /** Takes secrets out of what servers say. */
  readonly redactor?: Pick<Redactor, "redact">;
}

const operation = "reach the registry";

/** The request by which a registry is known. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support */
export async function askSupport(transport: Transport, registry: string, signal?: AbortSignal): Promise<HttpResponse> {
  return await transport.send({ operation, registry, method: "GET", url: "/v2/", kind: "control", signal });
}

/** The error of an answer to it. */
export async function supportRefusal(response: HttpResponse, registry: string): Promise<ImagesyncError> {
  return await refusal(response, { operation, registry });
}

/**
 * Asks whether the registry speaks the distribution API and lets us in.
 * @throws `unauthorized`, `unavailable`, `protocol` and what the network can raise.
 */
export async function pingRegistry(transport: Transport, registry: string, signal?: AbortSignal): Promise<void> {
  const response = await askSupport(transport, registry, signal);
  if (response.status === 200) {
    discardBody(response);
    return;
  }
  const error = await supportRefusal(response, registry);
  if (error.code !== "not-found") throw error;
  throw new ImagesyncError({
    code: "protocol",
    operation,
    message: `Cannot reach the registry: ${registry} does not speak the distribution API (status 404 at /v2/)`,
    registry,
    status: 404,
    hint: "Check the address",
  });
}
