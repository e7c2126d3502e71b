import type { ServerResponse } from "node:http";
import { json, type Received, type ScriptedServer, startServer } from "../../engine/http/scripted-server.ts";
import type { TestCertificates } from "../registries/certificates.ts";
import type { RunningProfile } from "../registries/profiles/index.ts";
import { forward, giveAccess } from "./azure-registry.ts";

export const azureTenant = "11111111-2222-3333-4444-555555555555";
export const azureClient = {
  id: "client-1",
  secret: "secret-Canary~1",
  assertion: "eyJ.federated-Canary.sig",
} as const;
export const azureHeader = "header-Canary";

export interface AzureServerOptions {
  /** Answers a request itself by returning true. */
  readonly onRequest?: (request: Received, response: ServerResponse) => boolean;
  /** Seconds that the registry's refresh tokens live. @default three hours, as Azure has it */
  readonly expiresIn?: number;
  /** Who has no managed identity. @default the machine has one */
  readonly identity?: boolean;
  /** For a second address, by TLS: the vendor's own clients reach directories and registries by nothing else. */
  readonly tls?: TestCertificates;
  /** What the registries hold. @default they only exchange tokens */
  readonly registry?: RunningProfile;
}

export interface AzureServer extends ScriptedServer {
  /** Scopes and resources that tokens of the directory were asked for. */
  readonly audiences: readonly string[];
  /** Refresh tokens that registries have given. */
  readonly refreshTokens: readonly string[];
  /** `127.0.0.1:port` of the address by TLS; empty without one. */
  readonly secureHost: string;
}

/**
 * The directory, the two metadata services and the registries of Azure behind one address. The first part of a path is
 * the host if it has a dot in it, as messages get it that took a detour; all others come by their host's own name.
 * Answers are of the form that the real ones have, errors too.
 */
export async function startAzure(options: AzureServerOptions = {}): Promise<AzureServer> {
  const audiences: string[] = [];
  const refreshTokens: string[] = [];
  const access = new Set<string>();
  const give = (audience: string): string => {
    audiences.push(audience);
    const token = jwt({ aud: audience, n: audiences.length });
    access.add(token);
    return token;
  };

  const directory = (tenant: string, request: Received, response: ServerResponse): void => {
    const form = new URLSearchParams(request.body.toString());
    const refuse = (error: string, number: number, words: string): void =>
      json(response, error === "invalid_client" ? 401 : 400, {
        error,
        error_description: `AADSTS${number}: ${words} ${form.get("client_secret")} Trace ID: 0 Timestamp: 2026-01-01 00:00:00Z`,
        error_codes: [number],
        timestamp: "2026-01-01 00:00:00Z",
        trace_id: "0",
        correlation_id: "0",
      });
    if (tenant !== azureTenant) return refuse("invalid_request", 90002, `Tenant '${tenant}' not found.`);
    if (form.get("grant_type") !== "client_credentials") return refuse("unsupported_grant_type", 70003, "");
    if (form.get("client_id") !== azureClient.id)
      return refuse("unauthorized_client", 700016, "Application not found.");
    const proven =
      form.get("client_secret") === azureClient.secret ||
      (form.get("client_assertion_type") === "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
        form.get("client_assertion") === azureClient.assertion);
    if (!proven) return refuse("invalid_client", 7000215, "Invalid client secret provided.");
    const scope = form.get("scope") ?? "";
    if (!scope.endsWith("/.default"))
      return refuse("invalid_scope", 1002012, "The provided value for scope is not valid.");
    return json(response, 200, {
      token_type: "Bearer",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: give(scope),
    });
  };

  /** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
  const discovery = (tenant: string, host: string, response: ServerResponse): void => {
    const base = `https://${host}/${tenant}`;
    return json(response, 200, {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    });
  };

  const machine = (url: URL, request: Received, response: ServerResponse): void => {
    if (request.headers["metadata"] !== "true") {
      return json(response, 400, {
        error: "invalid_request",
        error_description: "Required metadata header not specified",
      });
    }
    return identity(url, "2018-02-01", response);
  };

  const identity = (url: URL, version: string, response: ServerResponse): void => {
    if (url.searchParams.get("api-version") !== version) {
      return json(response, 400, { error: "bad_request_102", error_description: "Required api-version not specified" });
    }
    const client = url.searchParams.get("client_id");
    if (options.identity === false || (client !== null && client !== azureClient.id)) {
      return json(response, 400, { error: "invalid_request", error_description: "Identity not found" });
    }
    const resource = url.searchParams.get("resource") ?? "";
    return json(response, 200, {
      access_token: give(resource),
      client_id: azureClient.id,
      expires_in: "86399",
      expires_on: String(Math.floor(Date.now() / 1000) + 86_399),
      resource,
      token_type: "Bearer",
    });
  };

  const exchange = (registry: string, request: Received, response: ServerResponse): void => {
    const form = new URLSearchParams(request.body.toString());
    const errors = (status: number, code: string, message: string): void =>
      json(response, status, { errors: [{ code, message, detail: form.get("access_token") }] });
    if (form.get("grant_type") !== "access_token" || form.get("service") !== registry)
      return errors(400, "UNSUPPORTED", "");
    if (!access.has(form.get("access_token") ?? "")) return errors(401, "UNAUTHORIZED", "authentication required");
    const exp = Math.floor(Date.now() / 1000) + (options.expiresIn ?? 3 * 3600);
    refreshTokens.push(jwt({ aud: registry, exp, n: refreshTokens.length }));
    return json(response, 200, { refresh_token: refreshTokens.at(-1) });
  };

  const requests: Received[] = [];
  const answer = (request: Received, response: ServerResponse): unknown => {
    requests.push(request);
    if (options.onRequest?.(request, response) === true) return undefined;
    const url = new URL(request.url, "http://x");
    const { host, path } = addressOf(request);
    const [, tenant = "", service] =
      /^\/([^/]+)\/(oauth2\/v2\.0\/token|v2\.0\/\.well-known\/openid-configuration)$/.exec(path) ?? [];
    if (service === "oauth2/v2.0/token") return directory(tenant, request, response);
    if (service !== undefined) return discovery(tenant, host, response);
    // Azure's own SDK writes a slash behind it where an address is named in place of the well-known one.
    if (/^\/metadata\/identity\/oauth2\/token\/?$/.test(path)) return machine(url, request, response);
    if (path === "/msi/token") {
      if (request.headers["x-identity-header"] !== azureHeader)
        return json(response, 401, { statusCode: 401, message: "Unauthorized" });
      return identity(url, "2019-08-01", response);
    }
    if (path === "/oauth2/exchange" && request.method === "POST") return exchange(host, request, response);
    if (options.registry === undefined) return json(response, 404, {});
    if (path === "/oauth2/token") return giveAccess(options.registry, refreshTokens, request, response);
    return forward(options.registry, host, path + url.search, request, response);
  };

  const server = await startServer(answer);
  const secure = options.tls && (await startServer(answer, { tls: options.tls }));
  return {
    ...server,
    audiences,
    refreshTokens,
    secureHost: secure?.host ?? "",
    requests,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await secure?.[Symbol.asyncDispose]();
    },
  };
}

function addressOf({ url, headers }: Received): { readonly host: string; readonly path: string } {
  const [path = ""] = url.split("?");
  const detour = /^\/([^/]*\.[^/]*)(\/.*)$/.exec(path);
  return { host: detour?.[1] ?? headers.host ?? "", path: detour?.[2] ?? path };
}

function jwt(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}
