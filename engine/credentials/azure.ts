import { azureCliToken } from "./azure-cli.ts";
import { directoryToken } from "./azure-directory.ts";
import { machineToken } from "./azure-machine.ts";
import type { AzureQuestion, AzureToken } from "./azure-token.ts";
import { errorName, fieldsOf, readFields, tokenIn } from "./cloud-answer.ts";
import { cloudFailure, unreachable } from "./cloud-failure.ts";
import { cloudHostOf } from "./cloud-host.ts";
import type { CloudLogin, CloudLoginFinder } from "./cloud-login.ts";
import { type Environment, variable } from "./environment.ts";

/** When the registry's token does not say: it lives for three hours, and an hour is safe. */
const defaultLifetimeMs = 3_600_000;

/**
 * Where tokens of the registry's cloud come from and what they are for.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud
 */
const clouds = {
  public: { authority: "https://login.microsoftonline.com", resource: "https://containerregistry.azure.net" },
  china: { authority: "https://login.chinacloudapi.cn", resource: "https://management.chinacloudapi.cn" },
  government: { authority: "https://login.microsoftonline.us", resource: "https://management.usgovcloudapi.net" },
} as const;

/**
 * A service principal by its password (`AZURE_SP_ID`, `AZURE_SP_PASSWORD`), which the registry takes as it is; else a
 * token of the directory, exchanged for one of the registry: that of a client secret or a federated token, of the
 * machine's managed identity, or of who is logged in with the command line `az`, in this order.
 */
export const findAzureLogin: CloudLoginFinder = async (question) => {
  const { environment, registry } = question;
  const host = cloudHostOf(registry);
  if (host?.cloud !== "azure") return undefined;
  const principal = servicePrincipal(environment, registry);
  if (principal !== undefined) return principal;
  const { authority, resource } = clouds[host.national];
  const own = variable(environment, "AZURE_AUTHORITY_HOST");
  const asked: AzureQuestion = { ...question, resource, authority: authorityOf(own ?? authority, registry) };
  const found = (await directoryToken(asked)) ?? (await machineToken(asked)) ?? (await azureCliToken(asked));
  return found && (await exchange(asked, found));
};

/** Never expires as far as we know; it is read again every hour, for long-living processes. */
function servicePrincipal(environment: Environment, registry: string): CloudLogin | undefined {
  const username = variable(environment, "AZURE_SP_ID");
  const password = variable(environment, "AZURE_SP_PASSWORD");
  if (username === undefined && password === undefined) return undefined;
  const origin = "the service principal of AZURE_SP_ID and AZURE_SP_PASSWORD";
  if (username === undefined || password === undefined) {
    const why = `${username === undefined ? "AZURE_SP_ID" : "AZURE_SP_PASSWORD"} is not set`;
    throw cloudFailure({ registry, origin, why, hint: "Set both of them or none" });
  }
  return {
    found: { credential: { kind: "basic", username, password }, origin },
    expiresAtMs: Date.now() + defaultLifetimeMs,
  };
}

/** `AZURE_AUTHORITY_HOST` is written with and without `https://`. */
function authorityOf(text: string, registry: string): string {
  const address = (/^https?:\/\//i.test(text) ? text : `https://${text}`).replace(/\/+$/, "");
  if (URL.canParse(address)) return address;
  const hint = "Write AZURE_AUTHORITY_HOST as https://login.microsoftonline.com";
  throw cloudFailure({ registry, origin: "the directory of AZURE_AUTHORITY_HOST", why: "it is no address", hint });
}

/**
 * Gets a refresh token of the registry, which is what its token server takes.
 * @see https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md#calling-post-oauth2exchange-to-get-an-acr-refresh-token
 */
async function exchange(question: AzureQuestion, { token, origin, tenant }: AzureToken): Promise<CloudLogin> {
  const { registry, request, signal } = question;
  const form = new URLSearchParams({ grant_type: "access_token", service: registry, access_token: token });
  if (tenant !== undefined) form.append("tenant", tenant);
  const answer = await request(
    {
      method: "POST",
      url: new URL(`https://${registry}/oauth2/exchange`),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString()),
    },
    signal,
  ).catch((error: unknown) => {
    throw unreachable({ registry, origin }, "the registry", error);
  });
  const fields = fieldsOf(answer);
  const refreshToken = tokenIn(fields, "refresh_token");
  if (answer.status === 200 && refreshToken !== undefined) {
    return {
      found: { credential: { kind: "identity-token", token: refreshToken }, origin },
      expiresAtMs: expiryOf(refreshToken) ?? Date.now() + defaultLifetimeMs,
    };
  }
  const name = errorName(fields);
  throw cloudFailure({
    registry,
    origin,
    status: answer.status,
    why: `the registry exchanges its token for none (status ${answer.status}${name === undefined ? "" : `, ${name}`})`,
    hint: "Give the identity a role at the registry, such as AcrPull or AcrPush; it must be of the registry's own directory",
  });
}

/** The `exp` of a JSON Web Token, in epoch milliseconds. It is only asked when to renew; nothing is trusted for it. */
function expiryOf(token: string): number | undefined {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  const seconds = readFields(payload).get("exp");
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined;
}
