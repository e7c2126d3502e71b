import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import type { ServerResponse } from "node:http";
import { json, type Received, type ScriptedServer, startServer } from "../../engine/http/scripted-server.ts";

export interface GoogleServerOptions {
  /** Answers a request itself by returning true. */
  readonly onRequest?: (request: Received, response: ServerResponse) => boolean;
  /** Seconds that tokens live. @default 3599, as Google has it */
  readonly expiresIn?: number;
}

/** Everything of Google that gives out tokens, behind one address; the first part of a path is the host. */
export interface GoogleServer extends ScriptedServer {
  /** The content of a service account's key file. */
  readonly serviceAccount: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
  /** A federated identity whose token comes from an address, with an account to impersonate. */
  readonly external: Readonly<Record<string, unknown>>;
  /** Tokens handed out so far, which a registry would take. */
  readonly tokens: readonly string[];
}

const scope = "https://www.googleapis.com/auth/cloud-platform";

/**
 * Strict about what Google is strict about: the signature and the claims of an assertion, grant types, the header of the
 * metadata service.
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export async function startGoogle(options: GoogleServerOptions = {}): Promise<GoogleServer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const email = "mirror@project.iam.gserviceaccount.com";
  const { expiresIn = 3599 } = options;
  const tokens: string[] = [];
  const give = (): string => {
    tokens.push(`ya29.c.Token-${tokens.length + 1}`);
    return tokens.at(-1) ?? "";
  };
  const answer = (response: ServerResponse, status: number, fields: Record<string, unknown>): boolean => {
    json(response, status, fields, { "metadata-flavor": "Google" });
    return true;
  };
  const refuse = (response: ServerResponse, error: string, description: string): boolean =>
    answer(response, 400, { error, error_description: description });

  const token = (request: Received, response: ServerResponse): boolean => {
    const form = new URLSearchParams(request.body.toString());
    const success = { access_token: "", expires_in: expiresIn, token_type: "Bearer", scope };
    if (form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      const assertion = form.get("assertion") ?? "";
      const why = faultOf(assertion, publicKey, email);
      if (why !== undefined) return refuse(response, "invalid_grant", `${why}: ${assertion}`);
      return answer(response, 200, { ...success, access_token: give() });
    }
    if (form.get("grant_type") !== "refresh_token")
      return refuse(response, "unsupported_grant_type", "Invalid grant_type");
    if (form.get("client_secret") !== "client-secret")
      return refuse(response, "invalid_client", "The OAuth client was not found.");
    const refreshToken = form.get("refresh_token");
    if (refreshToken !== "1//refresh") return refuse(response, "invalid_grant", `Bad token ${refreshToken}`);
    return answer(response, 200, { ...success, access_token: give() });
  };

  const exchange = (request: Received, response: ServerResponse): boolean => {
    const form = new URLSearchParams(request.body.toString());
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:token-exchange")
      return refuse(response, "invalid_request", "");
    if (form.get("subject_token") !== "subject")
      return refuse(response, "invalid_grant", "The subject token is not valid");
    return answer(response, 200, {
      access_token: "federated",
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 3599,
    });
  };

  const impersonate = (request: Received, response: ServerResponse): boolean => {
    if (request.headers.authorization !== "Bearer federated") {
      return answer(response, 403, { error: { code: 403, status: "PERMISSION_DENIED", message: "no" } });
    }
    const expireTime = new Date(Date.now() + expiresIn * 1000).toISOString();
    return answer(response, 200, { accessToken: give(), expireTime });
  };

  const metadata = (request: Received, response: ServerResponse): boolean => {
    if (request.headers["metadata-flavor"] !== "Google" || request.headers["x-forwarded-for"] !== undefined) {
      return answer(response, 403, { error: "Missing Metadata-Flavor:Google header" });
    }
    const path = request.url.replace(/\?.*$/, "").replace(/^.*\/computeMetadata/, "/computeMetadata");
    if (path === "/computeMetadata/v1/instance/service-accounts/default/token") {
      return answer(response, 200, { access_token: give(), expires_in: expiresIn, token_type: "Bearer" });
    }
    return answer(response, 200, {});
  };

  const server = await startServer((request, response) => {
    if (options.onRequest?.(request, response) === true) return;
    const { url, method } = request;
    if (method === "POST" && url === "/oauth2.googleapis.com/token") token(request, response);
    else if (method === "POST" && url === "/sts.googleapis.com/v1/token") exchange(request, response);
    else if (url === "/subject.example/token") json(response, 200, { access_token: "subject" });
    else if (/^\/iamcredentials\.googleapis\.com\/v1\/.*:generateAccessToken$/.test(url))
      impersonate(request, response);
    else if (url.includes("/computeMetadata/v1/")) metadata(request, response);
    else json(response, 404, { error: `Nothing at ${url}` });
  });
  return {
    ...server,
    tokens,
    serviceAccount: {
      type: "service_account",
      project_id: "project",
      private_key_id: "key-1",
      private_key: privateKey,
      client_email: email,
      client_id: "1",
      token_uri: "https://oauth2.googleapis.com/token",
    },
    user: {
      type: "authorized_user",
      client_id: "id.apps.googleusercontent.com",
      client_secret: "client-secret",
      refresh_token: "1//refresh",
    },
    external: {
      type: "external_account",
      audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${server.url}/sts.googleapis.com/v1/token`,
      service_account_impersonation_url: `${server.url}/iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
      credential_source: {
        url: `${server.url}/subject.example/token`,
        format: { type: "json", subject_token_field_name: "access_token" },
      },
    },
  };
}

/** What Google would say against an assertion. */
function faultOf(assertion: string, publicKey: string, email: string): string | undefined {
  const [header = "", payload = "", signature = ""] = assertion.split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify("RSA-SHA256", signed, createPublicKey(publicKey), Buffer.from(signature, "base64url"))) {
    return "Invalid JWT Signature";
  }
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const nowS = Date.now() / 1000;
  if (claims["iss"] !== email) return "Invalid issuer";
  if (claims["aud"] !== "https://oauth2.googleapis.com/token") return "Invalid audience";
  if (claims["scope"] !== scope) return "Invalid scope";
  if (!(Number(claims["iat"]) <= nowS + 60 && Number(claims["exp"]) > nowS)) return "Invalid JWT: not timely";
  return undefined;
}
