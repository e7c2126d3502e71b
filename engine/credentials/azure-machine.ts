import type { AzureQuestion, AzureToken } from "./azure-token.ts";
import { errorName, fieldsOf, tokenIn } from "./cloud-answer.ts";
import { cloudFailure } from "./cloud-failure.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import { variable } from "./environment.ts";

/** The link-local address of the metadata service, which on machines of others is somebody else's. */
const metadataAddress = "http://169.254.169.254";

/** On the machine's own link an answer takes a millisecond; everywhere else nobody ever answers. */
const probeMs = 1_000;

const tokenMs = 20_000;

/**
 * A token of the managed identity of the machine, by the service that the environment names (App Service, Container Apps,
 * Functions: `IDENTITY_ENDPOINT`) or by the metadata service of a virtual machine. `AZURE_CLIENT_ID` chooses among several
 * identities. Undefined where there is none.
 * @throws when there is one, and no token for it.
 */
export async function machineToken(question: AzureQuestion): Promise<AzureToken | undefined> {
  const { environment } = question;
  const endpoint = variable(environment, "IDENTITY_ENDPOINT");
  const header = variable(environment, "IDENTITY_HEADER");
  if (endpoint !== undefined && header !== undefined) return await appServiceToken(question, endpoint, header);
  return await metadataToken(question);
}

/** @see https://learn.microsoft.com/en-us/azure/app-service/overview-managed-identity#rest-endpoint-reference */
async function appServiceToken(question: AzureQuestion, endpoint: string, header: string): Promise<AzureToken> {
  const origin = "the managed identity of this service (IDENTITY_ENDPOINT)";
  if (!URL.canParse(endpoint)) {
    const hint = "Unset IDENTITY_ENDPOINT, or correct it";
    throw cloudFailure({ registry: question.registry, origin, why: "IDENTITY_ENDPOINT is no address", hint });
  }
  const url = addressOf(question, endpoint, "2019-08-01");
  return tokenOf(question, origin, await ask(question, url, { "x-identity-header": header }));
}

/** @see https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
async function metadataToken(question: AzureQuestion): Promise<AzureToken | undefined> {
  const { environment } = question;
  const base = variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? metadataAddress;
  const place = `${base.replace(/\/+$/, "")}/metadata/identity/oauth2/token`;
  if (!URL.canParse(place)) return undefined;
  // Without its header the service refuses, and says by that that it is there. Without a query no stand-in of it takes
  // this for the real question; Azure's own SDK asks the same way.
  const probe = await ask(question, new URL(place), {}, probeMs);
  if (probe === undefined || !(probe.status === 400 || isBusy(probe.status))) return undefined;
  const origin = "the managed identity of this machine";
  const answer = await ask(question, addressOf(question, place, "2018-02-01"), { metadata: "true" });
  // So it answers on a machine without any identity.
  const unasked = variable(environment, "AZURE_CLIENT_ID") === undefined;
  if (answer?.status === 400 && unasked && tokenIn(fieldsOf(answer), "access_token") === undefined) return undefined;
  return tokenOf(question, origin, answer);
}

/**
 * What the service answers while it is updated, or asked too often: there may well be an identity.
 * @see https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
 */
function isBusy(status: number): boolean {
  return status === 410 || status === 429 || status >= 500;
}

function addressOf({ environment, resource }: AzureQuestion, place: string, version: string): URL {
  const url = new URL(place);
  url.searchParams.set("api-version", version);
  url.searchParams.set("resource", resource);
  const client = variable(environment, "AZURE_CLIENT_ID");
  if (client !== undefined) url.searchParams.set("client_id", client);
  return url;
}

function tokenOf({ registry }: AzureQuestion, origin: string, answer: CloudAnswer | undefined): AzureToken {
  const fields = answer === undefined ? new Map<string, unknown>() : fieldsOf(answer);
  const token = tokenIn(fields, "access_token");
  if (answer?.status === 200 && token !== undefined) return { token, origin };
  const name = errorName(fields);
  throw cloudFailure({
    registry,
    origin,
    status: answer?.status,
    why:
      answer === undefined
        ? "it gave no answer"
        : `it answered with status ${answer.status}${name === undefined ? "" : ` (${name})`} and no token`,
    hint: "Check that the identity is assigned to the machine, and that AZURE_CLIENT_ID names one of them if it is set",
  });
}

/** Undefined without an answer. */
async function ask(
  question: AzureQuestion,
  url: URL,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number = tokenMs,
): Promise<CloudAnswer | undefined> {
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(timeoutMs)]);
  // No answer is what other machines have; the caller knows whether that is a failure.
  return await question.requestDirectly({ method: "GET", url, headers }, signal).catch(() => undefined);
}
