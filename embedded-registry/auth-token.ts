import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AccessAction, Authority } from "./auth.ts";
import { RegistryError } from "./errors.ts";
import { isRepositoryName } from "./grammar.ts";
import { basicLogin, isKnownLogin, type Login } from "./login.ts";
import type { TokenAuthOptions } from "./options.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { readBody } from "./request-body.ts";

/** What a token is good for. */
interface IssuedToken {
  readonly expiresAtMs: number;
  /** Repository → actions. */
  readonly access: ReadonlyMap<string, ReadonlySet<AccessAction>>;
}

const DEFAULT_LIFETIME_SECONDS = 300;
const ALL_ACTIONS: readonly AccessAction[] = ["pull", "push", "delete", "metadata_read"];
const MAX_SCOPES = 100;
const MAX_FORM_BYTES = 64 * 1024;

/**
 * Requests carry a Bearer token for the repositories and actions they need; our own endpoint issues the tokens.
 * https://distribution.github.io/distribution/spec/auth/token/ and, for POST, ../oauth/. Tokens are random names of entries
 * in memory: a restart forgets them, and clients must then ask again.
 */
export function tokenAuthority(options: TokenAuthOptions, scheme: "http" | "https"): Authority {
  const tokens = new Map<string, IssuedToken>();
  const refreshTokens = new Map<string, string>();
  const lifetimeMs = (options.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS) * 1000;
  const allow = options.allow ?? ((user, _repository, action) => user !== undefined || action === "pull");

  function issue(user: string | undefined, scopes: readonly string[], offline: boolean): Reply {
    scopes.forEach(checkScope);
    const now = Date.now();
    for (const [token, { expiresAtMs }] of tokens) if (expiresAtMs <= now) tokens.delete(token);
    const access = new Map<string, Set<AccessAction>>();
    for (const { repository, actions } of scopes.slice(0, MAX_SCOPES).flatMap(parseScope)) {
      const granted = actions.filter((action) => allow(user, repository, action));
      access.set(repository, new Set([...(access.get(repository) ?? []), ...granted]));
    }
    const token = randomBytes(32).toString("base64url");
    tokens.set(token, { expiresAtMs: now + lifetimeMs, access });
    let refresh: { refresh_token?: string } = {};
    if (offline && user !== undefined) {
      const refreshToken = randomBytes(32).toString("base64url");
      refreshTokens.set(refreshToken, user);
      refresh = { refresh_token: refreshToken };
    }
    return jsonReply({
      token,
      access_token: token,
      expires_in: lifetimeMs / 1000,
      issued_at: new Date(now).toISOString(),
      ...refresh,
    });
  }

  function checkScope(scope: string): void {
    const unknown = actionsOf(scope).find((action) => options.scopeActions?.includes(action) === false);
    if (unknown !== undefined) throw new RegistryError("UNSUPPORTED", "Unable to decode scope", { status: 400 });
  }

  function checkLogin(login: Login): string {
    if (isKnownLogin(options.users, login)) return login.user;
    throw new RegistryError("UNAUTHORIZED", "User and password are not correct", {
      headers: { "WWW-Authenticate": 'Basic realm="token"' },
    });
  }

  async function issueByForm(request: IncomingMessage): Promise<Reply> {
    const tooLarge = new RegistryError("UNSUPPORTED", "The form is too large", { status: 413 });
    const form = new URLSearchParams((await readBody(request, MAX_FORM_BYTES, tooLarge)).toString());
    const scopes = scopesOf(form);
    const offline = form.get("access_type") === "offline";
    if (form.get("grant_type") === "refresh_token") {
      const user = refreshTokens.get(form.get("refresh_token") ?? "");
      if (user !== undefined) return issue(user, scopes, offline);
      throw new RegistryError("UNAUTHORIZED", "The refresh token is not valid");
    }
    const login = { user: form.get("username") ?? "", password: form.get("password") ?? "" };
    return issue(checkLogin(login), scopes, offline);
  }

  return {
    authorize(request, route, actions) {
      const bearer = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
      const token = bearer === undefined ? undefined : tokens.get(bearer);
      const valid = token !== undefined && token.expiresAtMs > Date.now();
      const allows = (repository: string, action: AccessAction): boolean =>
        token?.access.get(repository)?.has(action) ?? false;
      const scope = route.repository === "" ? undefined : `repository:${route.repository}:${actions.join(",")}`;
      if (!valid || (scope !== undefined && !actions.every((action) => allows(route.repository, action)))) {
        const host = hostOf(request);
        const fields = [
          ["realm", options.realm ?? `${scheme}://${host}${options.path ?? "/token"}`],
          ["service", options.service ?? host],
          ["scope", scope],
          ["error", bearer === undefined ? undefined : valid ? "insufficient_scope" : "invalid_token"],
        ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]));
        throw new RegistryError("UNAUTHORIZED", "Authentication is required", {
          headers: { "WWW-Authenticate": `Bearer ${fields.join(",")}` },
        });
      }
      return { allows };
    },
    async issueToken(request, query) {
      if (request.method === "POST") return issueByForm(request);
      const login = basicLogin(request);
      // Credentials that were sent but are wrong must never turn into an anonymous token.
      if (login !== undefined || request.headers.authorization !== undefined || options.anonymousPull !== true) {
        const user = checkLogin(login ?? { user: "", password: "" });
        return issue(user, scopesOf(query), query.get("offline_token") === "true");
      }
      return issue(undefined, scopesOf(query), false);
    },
  };
}

/** Scopes come as several parameters, as one with spaces between them, or both. */
function scopesOf(parameters: URLSearchParams): string[] {
  return parameters.getAll("scope").flatMap((value) => value.split(" "));
}

function actionsOf(scope: string): string[] {
  return /^repository:[^:]+:(.*)$/.exec(scope)?.[1]?.split(",") ?? [];
}

/** `repository:<name>:<actions>`; other resources are not ours and grant nothing. */
function parseScope(scope: string): { repository: string; actions: AccessAction[] }[] {
  const match = /^repository:([^:]+):([a-z_,*]+)$/.exec(scope);
  const repository = match?.[1] ?? "";
  if (!isRepositoryName(repository)) return [];
  const asked = (match?.[2] ?? "").split(",");
  return [{ repository, actions: ALL_ACTIONS.filter((action) => asked.includes(action) || asked.includes("*")) }];
}

/** The address the client used, so that a proxy in front of us is gone through for tokens too. */
function hostOf(request: IncomingMessage): string {
  const host = request.headers.host ?? "";
  return /^[A-Za-z0-9.:[\]-]+$/.test(host) ? host : "localhost";
}
