import { buffer } from "node:stream/consumers";
import type { FoundCredential } from "../credentials/credential.ts";
import { type ErrorCode, ImagesyncError } from "../errors.ts";
import { formatScopes, type Scopes } from "./scope.ts";
import type { Token } from "./token-cache.ts";
import type { WireResponse } from "./wire.ts";

/** Tokens have a few kilobytes; a page that a proxy sends instead may have any size. */
export const maxTokenAnswerBytes: number = 1024 * 1024;

/** When the server does not say: https://distribution.github.io/distribution/spec/auth/token/#token-response-fields */
const defaultLifetimeMs = 60_000;

/** A token that expires at once, by a mistake of units or of rounding, would be fetched for every single request. */
const minLifetimeMs = 1000;

/** Nobody means to hand out a token for longer; a number beyond it is a mistake of units. */
const maxLifetimeMs = 24 * 3600 * 1000;

/** POST is newer than many token servers: Google answers 404, Artifactory 401, Azure 400, others 405. */
const postRefused: ReadonlySet<number> = new Set([400, 401, 404, 405]);

/** What Azure expects as user name beside a refresh token; other servers do not look at it. */
const tokenUsername = "00000000-0000-0000-0000-000000000000";

export interface TokenRequest {
  readonly registry: string;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: Scopes;
  readonly found: FoundCredential;
  /** The newest refresh token of an identity token; that itself when absent. */
  readonly refreshToken?: string | undefined;
}

/** A token, and the refresh token that takes the place of the one that was used, if the server gave one. */
export interface FetchedToken extends Token {
  readonly refreshToken: string | undefined;
}

/** What is sent to a token server; a login, if any, is in the headers or the body. */
export interface TokenServerRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/**
 * Gets a token from the token server of a registry: with a password, a refresh token (OAuth2 first), or anonymously.
 * @throws `unauthorized` when the login is refused, naming where it was found; `rate-limited`, `unavailable`,
 * `protocol` for other answers.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(
  request: TokenRequest,
  send: (request: TokenServerRequest) => Promise<WireResponse>,
): Promise<FetchedToken> {
  const refreshToken = refreshTokenOf(request);
  let response: WireResponse | undefined;
  if (refreshToken !== undefined) {
    response = await send(oauth2Request(request, refreshToken));
    if (postRefused.has(response.status)) {
      response.body.destroy();
      response = undefined;
    }
  }
  response ??= await send(getRequest(request));
  const wider = widened(request.scopes);
  if (response.status === 400 && wider !== undefined) {
    response.body.destroy();
    response = await send(getRequest({ ...request, scopes: wider }));
  }
  const receivedAtMs = Date.now();
  const text = (await buffer(response.body)).toString("utf8");
  if (response.status !== 200) throw refusal(request, response.status, text);
  return readToken(request, text, receivedAtMs);
}

function refreshTokenOf({ found, refreshToken }: TokenRequest): string | undefined {
  return found.credential.kind === "identity-token" ? (refreshToken ?? found.credential.token) : undefined;
}

/**
 * Quay knows the actions push, pull and `*`, and answers 400 to a scope with any other: what includes a delete is asked
 * for as `*` then. Undefined for scopes without deletes.
 */
function widened(scopes: Scopes): Scopes | undefined {
  if (![...scopes.values()].some((actions) => actions.has("delete"))) return undefined;
  return new Map([...scopes].map(([name, actions]) => [name, actions.has("delete") ? new Set(["*"]) : actions]));
}

function getRequest(request: TokenRequest): TokenServerRequest {
  const { credential } = request.found;
  const query = new URLSearchParams();
  if (request.service !== undefined) query.append("service", request.service);
  for (const scope of formatScopes(request.scopes)) query.append("scope", scope);
  if (credential.kind === "basic") query.append("account", credential.username);
  query.append("client_id", "imagesync");
  const url = new URL(request.realm);
  // Appended as text: what the realm has already is not written anew.
  url.search = url.search === "" ? query.toString() : `${url.search}&${query.toString()}`;
  const headers: Record<string, string> = {};
  if (credential.kind === "basic")
    headers["authorization"] = basicAuthorization(credential.username, credential.password);
  const refreshToken = refreshTokenOf(request);
  if (refreshToken !== undefined) headers["authorization"] = basicAuthorization(tokenUsername, refreshToken);
  return { method: "GET", url, headers };
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function oauth2Request(request: TokenRequest, refreshToken: string): TokenServerRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "imagesync",
    refresh_token: refreshToken,
  });
  if (request.service !== undefined) form.append("service", request.service);
  if (request.scopes.size > 0) form.append("scope", formatScopes(request.scopes).join(" "));
  return {
    method: "POST",
    url: request.realm,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(form.toString()),
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc7617#section-2 */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function readToken(request: TokenRequest, text: string, receivedAtMs: number): FetchedToken {
  const fields = readObject(text);
  const value = fields.get("token") ?? fields.get("access_token");
  // Anything but visible characters can't stand in a header, and is no token.
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    throw failure(request, "protocol", "it did not answer with a token", undefined, 200);
  }
  const seconds = Number(fields.get("expires_in"));
  const lifetimeMs = seconds > 0 ? Math.min(Math.max(seconds * 1000, minLifetimeMs), maxLifetimeMs) : defaultLifetimeMs;
  const refreshToken = fields.get("refresh_token");
  return {
    value,
    receivedAtMs,
    expiresAtMs: receivedAtMs + lifetimeMs,
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
  };
}

function readObject(text: string): ReadonlyMap<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return new Map(typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : []);
  } catch {
    // What is no JSON has no fields; the caller reports what is missing, never the text, which may be half a token.
    return new Map();
  }
}

function refusal(request: TokenRequest, status: number, text: string): ImagesyncError {
  const { credential, origin } = request.found;
  const said = serverMessage(text);
  if (status === 401 || status === 403) {
    return credential.kind === "anonymous"
      ? failure(
          request,
          "unauthorized",
          `it gives no token without a login, and there is none for ${request.registry}${said}`,
          `Run docker login ${request.registry}, or configure a login for it`,
          status,
        )
      : failure(
          request,
          "unauthorized",
          `it refused ${origin}${said}`,
          "Correct the user name and password or token",
          status,
        );
  }
  if (status === 429) return failure(request, "rate-limited", `it asks for a pause${said}`, undefined, status);
  if (status >= 500)
    return failure(request, "unavailable", `it answered with status ${status}${said}`, undefined, status);
  return failure(request, "protocol", `it answered with status ${status}${said}`, undefined, status);
}

/** The first line of reason that token servers give, as OAuth2 error, as registry errors, or as `details`. */
function serverMessage(text: string): string {
  const fields = readObject(text);
  const [first] = Array.isArray(fields.get("errors")) ? (fields.get("errors") as unknown[]) : [];
  const nested = typeof first === "object" && first !== null && "message" in first ? first.message : undefined;
  const message = [nested, fields.get("error_description"), fields.get("details"), fields.get("message")].find(
    (candidate) => typeof candidate === "string" && candidate !== "",
  );
  // Control characters of a server must not reach a terminal.
  return typeof message === "string" ? `: ${message.replace(/\p{Cc}+/gu, " ").slice(0, 200)}` : "";
}

function failure(
  request: TokenRequest,
  code: ErrorCode,
  why: string,
  hint: string | undefined,
  status: number,
): ImagesyncError {
  return new ImagesyncError({
    code,
    operation: "get a token",
    registry: request.registry,
    status,
    hint,
    message: `Cannot get a token for ${request.registry} from ${request.realm.host}${request.realm.pathname}: ${why}`,
  });
}
