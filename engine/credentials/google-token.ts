import type { AuthClient, GoogleAuthOptions } from "google-auth-library";
import { errorName, tokenIn } from "./cloud-answer.ts";
import { cloudFailure, unreachable } from "./cloud-failure.ts";
import type { CloudQuestion } from "./cloud-login.ts";
import { fetchBy } from "./cloud-fetch.ts";

/** What the registries need, and what all kinds of keys may be given. */
const scope = "https://www.googleapis.com/auth/cloud-platform";

/** Google's tokens live so long unless they say otherwise. */
const defaultLifetimeMs = 3_600_000;

export interface KeyFileQuestion extends CloudQuestion {
  /** The parsed key file, of any kind that the library knows. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly origin: string;
}

/**
 * Exchanges a key for an access token: a service account, a user, an external or an impersonated identity.
 * @throws when the key is broken, or Google refuses it.
 */
export async function tokenOfKeyFile(question: KeyFileQuestion): Promise<{ token: string; expiresAtMs: number }> {
  const { key, registry, origin } = question;
  // Loaded here and not above: who has no key file of Google never pays for it.
  const { GoogleAuth } = await import("google-auth-library");
  // What the library makes of a failure to send tells no more from a broken key.
  let failure: { readonly error: unknown } | undefined;
  try {
    // The key is checked by the library; its type describes one kind only.
    const auth = new GoogleAuth({ credentials: key as GoogleAuthOptions["credentials"] & object, scopes: [scope] });
    const client = await auth.getClient();
    const fetchImplementation = fetchBy(async (message, signal) => {
      try {
        // What is not encrypted is on this machine or its link: the metadata service of another cloud.
        const send = message.url.protocol === "http:" ? question.requestDirectly : question.request;
        return await send(message, signal);
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    }, question.signal);
    // One identity may have another one behind it, and an exchange between them, which the library gives no way to set.
    for (const part of [client, Reflect.get(client, "sourceClient"), Reflect.get(client, "stsCredential")]) {
      sendBy(part, fetchImplementation);
    }
    const answer = await client.getAccessToken();
    const token = tokenIn(new Map([["token", answer.token]]), "token");
    if (token === undefined) throw new Error("no token");
    return { token, expiresAtMs: client.credentials.expiry_date ?? Date.now() + defaultLifetimeMs };
  } catch (error) {
    if (failure !== undefined) throw unreachable({ registry, origin }, "Google", failure.error);
    const { why, status } = explain(error);
    throw cloudFailure({ registry, origin, why, status, hint: hintFor(key["type"]) });
  }
}

/** Where a part of the library sends by a transporter, it does so by ours from now on. */
function sendBy(part: unknown, fetchImplementation: typeof fetch): void {
  if (typeof part !== "object" || part === null || !("transporter" in part)) return;
  const { transporter } = part as Pick<AuthClient, "transporter">;
  Object.assign(transporter.defaults, { fetchImplementation, retryConfig: { retry: 0 }, retry: false });
}

/** What the library throws holds the request with its signed assertion, so neither its words nor the error are kept. */
function explain(error: unknown): { why: string; status: number | undefined } {
  const response = error instanceof Error && "response" in error ? error.response : undefined;
  if (typeof response === "object" && response !== null && "status" in response) {
    const status = Number(response.status);
    const data: unknown = "data" in response ? response.data : undefined;
    const name = typeof data === "object" && data !== null ? errorName(new Map(Object.entries(data))) : undefined;
    return { why: `Google answered with status ${status}${name === undefined ? "" : ` (${name})`}`, status };
  }
  return { why: "it is no usable key", status: undefined };
}

function hintFor(type: unknown): string {
  switch (type) {
    case "authorized_user":
      return "Run gcloud auth application-default login again";
    case "external_account":
      return "Check the audience, the token and the providers of the workload identity pool";
    default:
      return "Check that the key is complete and not revoked, and that the clock of this machine is right; or create a new key";
  }
}
