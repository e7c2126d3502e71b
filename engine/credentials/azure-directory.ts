import { readFile } from "node:fs/promises";
import type { AzureQuestion, AzureToken } from "./azure-token.ts";
import { errorName, fieldsOf, tokenIn } from "./cloud-answer.ts";
import { cloudFailure, unreachable } from "./cloud-failure.ts";
import { variable } from "./environment.ts";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * A token for the application that the environment names, by its secret (`AZURE_CLIENT_SECRET`) or by the federated
 * token of a workload (`AZURE_FEDERATED_TOKEN_FILE`), both with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`. Undefined when
 * it names neither.
 * @throws when something of it is missing or refused.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export async function directoryToken(question: AzureQuestion): Promise<AzureToken | undefined> {
  const { environment } = question;
  const secret = variable(environment, "AZURE_CLIENT_SECRET");
  const file = variable(environment, "AZURE_FEDERATED_TOKEN_FILE");
  if (secret !== undefined) {
    const origin = "the client secret of AZURE_CLIENT_SECRET";
    return await ask(question, origin, { client_secret: secret });
  }
  if (file === undefined) return undefined;
  const origin = `the workload identity of ${file} (AZURE_FEDERATED_TOKEN_FILE)`;
  // Read each time: Kubernetes writes a new one every hour.
  const assertion = await readToken(question, file, origin);
  return await ask(question, origin, { client_assertion_type: assertionType, client_assertion: assertion });
}

async function ask(
  question: AzureQuestion,
  origin: string,
  proof: Readonly<Record<string, string>>,
): Promise<AzureToken> {
  const { environment, registry, authority, resource, request, signal } = question;
  const needed = (name: string): string => {
    const value = variable(environment, name);
    if (value !== undefined) return value;
    throw cloudFailure({ registry, origin, why: `${name} is not set`, hint: `Set ${name} beside it, or unset both` });
  };
  const tenant = needed("AZURE_TENANT_ID");
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: needed("AZURE_CLIENT_ID"),
    scope: `${resource}/.default`,
    ...proof,
  });
  const answer = await request(
    {
      method: "POST",
      url: new URL(`${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`),
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: Buffer.from(form.toString()),
    },
    signal,
  ).catch((error: unknown) => {
    throw unreachable({ registry, origin }, new URL(authority).host, error);
  });
  const fields = fieldsOf(answer);
  const token = tokenIn(fields, "access_token");
  if (answer.status === 200 && token !== undefined) return { token, origin, tenant };
  const name = errorName(fields);
  throw cloudFailure({
    registry,
    origin,
    status: answer.status,
    why: `${new URL(authority).host} answered with status ${answer.status}${name === undefined ? "" : ` (${name})`} and no token`,
    hint: "Check AZURE_TENANT_ID and AZURE_CLIENT_ID, and that the secret or the federated credential is still valid",
  });
}

async function readToken({ registry }: AzureQuestion, path: string, origin: string): Promise<string> {
  const hint = "Check that the pod is labelled for workload identity, or unset AZURE_FEDERATED_TOKEN_FILE";
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw cloudFailure({ registry, origin, why: `the file can't be read (${code})`, hint });
  }
  if (/^[\x21-\x7e]{1,65536}$/.test(text)) return text;
  throw cloudFailure({ registry, origin, why: "the file holds no token", hint });
}
