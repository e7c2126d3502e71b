import type { ECRClient, ECRClientConfig } from "@aws-sdk/client-ecr";
import { ImagesyncError } from "../errors.ts";
import { amazonCredentials, hasAmazonSign, silentLogger } from "./amazon-credentials.ts";
import { amazonHandler } from "./amazon-handler.ts";
import { readAuthEntry } from "./auth-entry.ts";
import { cloudFailure, unreachable } from "./cloud-failure.ts";
import { cloudHostOf } from "./cloud-host.ts";
import type { CloudLogin, CloudLoginFinder, CloudQuestion } from "./cloud-login.ts";
import { variable } from "./environment.ts";
import { complaint } from "./helper-complaint.ts";

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
const defaultLifetimeMs = 12 * 3_600_000;

const origin = "the AWS credentials of this environment";

/**
 * A login for the registry of any account, in the region that its host names: `AWS_REGION` and `AWS_DEFAULT_REGION` say
 * where a program runs, not where an image is.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
export const findAmazonLogin: CloudLoginFinder = async (question) => {
  const host = cloudHostOf(question.registry);
  if (host?.cloud !== "amazon") return undefined;
  const endpoint = variable(question.environment, "AWS_ENDPOINT_URL_ECR");
  return await authorize(question, {
    region: host.region,
    requestHandler: amazonHandler(question),
    // The SDK refuses both together with an address.
    ...(endpoint === undefined
      ? { useFipsEndpoint: host.fips, useDualstackEndpoint: host.dualStack }
      : { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
  });
};

/**
 * A login for the public gallery, which one region answers for all. Its images are there for everybody, so credentials
 * that are good and not allowed to use the gallery are none for it.
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
 */
export const findAmazonPublicLogin: CloudLoginFinder = async (question) => {
  const region = "us-east-1";
  const { environment } = question;
  const address =
    variable(environment, "AWS_ENDPOINT_URL_ECR_PUBLIC") ?? `https://api.ecr-public.${region}.amazonaws.com`;
  if (!URL.canParse(address)) {
    const hint = "Correct AWS_ENDPOINT_URL_ECR_PUBLIC, or unset it";
    throw cloudFailure({ registry: question.registry, origin, why: "AWS_ENDPOINT_URL_ECR_PUBLIC is no address", hint });
  }
  // The two services have one shape of this call; what differs is who is asked, and that one answers without a list.
  const config = {
    region,
    endpointProvider: () => ({
      url: new URL(address),
      properties: {
        authSchemes: [{ name: "sigv4", signingName: "ecr-public", signingRegion: region, properties: {} }],
      },
    }),
    protocolSettings: { defaultNamespace: "com.amazonaws.ecrpublic", serviceTarget: "SpencerFrontendService" },
    requestHandler: amazonHandler(question, (fields) => ({
      ...fields,
      authorizationData: [fields["authorizationData"]].filter((data) => data !== undefined),
    })),
  };
  try {
    return await authorize(question, config);
  } catch (error) {
    const denied = error instanceof ImagesyncError && error.registryCode === "AccessDeniedException";
    if (denied) return undefined;
    throw error;
  }
};

async function authorize(question: CloudQuestion, config: ECRClientConfig): Promise<CloudLogin | undefined> {
  const { environment, registry, signal } = question;
  const credentials = amazonCredentials(environment);
  if (credentials === "none") return undefined;
  // Loaded here and not above: who uses no registry of Amazon never pays for it.
  const { ECRClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
  const client = new ECRClient({
    ...config,
    ...(credentials === "ambient" ? {} : { credentials }),
    // There is one retry loop, and that is below the handler.
    maxAttempts: 1,
    logger: silentLogger,
  });
  if (!(await hasCredentials(client, question))) return undefined;
  const answer = await client
    .send(new GetAuthorizationTokenCommand({}), { abortSignal: signal })
    .catch((error: unknown) => {
      throw refused(registry, error);
    });
  const [data] = answer.authorizationData ?? [];
  const entry = readAuthEntry({ auth: data?.authorizationToken ?? "" });
  if (entry.kind !== "login") {
    throw cloudFailure({ registry, origin, why: "Amazon's answer has no token", hint: otherHint });
  }
  const expiresAtMs = data?.expiresAt?.getTime() ?? Number.NaN;
  return {
    found: { credential: entry.credential, origin },
    expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : Date.now() + defaultLifetimeMs,
  };
}

/** False when this environment has no credentials of Amazon at all. @throws when it has some that can't be used. */
async function hasCredentials(client: ECRClient, { environment, registry }: CloudQuestion): Promise<boolean> {
  try {
    await client.config.credentials();
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const nothing = /could not load credentials from any providers/i.test(message);
    const sign = hasAmazonSign(environment);
    if (nothing && sign === undefined) return false;
    throw cloudFailure({
      registry,
      origin: sign === undefined ? origin : `${origin} (${sign})`,
      why: nothing ? "they are incomplete, or the place that they name has none" : complaint(message),
      hint: "Run aws sts get-caller-identity to see what is wrong, or unset what does not apply",
    });
  }
}

function refused(registry: string, error: unknown): ImagesyncError {
  const name = error instanceof Error && /^[A-Z][A-Za-z]{2,60}$/.test(error.name) ? error.name : "Error";
  const metadata = error instanceof Error && "$metadata" in error ? error.$metadata : undefined;
  const status =
    typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
      ? Number(metadata.httpStatusCode)
      : undefined;
  if (status === undefined) return unreachable({ registry, origin }, "Amazon", error);
  const why = `Amazon answered ${name} (status ${status})`;
  return cloudFailure({ registry, origin, why, hint: hints.get(name) ?? otherHint, status, registryCode: name });
}

const otherHint = "Run aws sts get-caller-identity to see whose credentials these are";

const hints: ReadonlyMap<string, string> = new Map([
  ["AccessDeniedException", "Give the role or user the permission ecr:GetAuthorizationToken"],
  ["UnrecognizedClientException", "Check the access key; one of another partition (China, GovCloud) is not known here"],
  ["InvalidSignatureException", "Check the secret access key and the clock of this machine"],
  ["ExpiredTokenException", "The session has expired: log in again, for example with aws sso login"],
]);
