import type { ServerResponse } from "node:http";
import {
  json,
  type Received,
  type Script,
  type ScriptedServer,
  type ScriptedServerOptions,
  startServer,
} from "./scripted-server.ts";

/** What the token endpoint was asked for. */
interface TokenQuestion {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly service: string | null;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

export interface TokenRegistryOptions extends ScriptedServerOptions {
  /** Seconds that a token lives; undefined leaves it out of the answer. */
  readonly expiresIn?: number | undefined;
  /** The refresh token that goes with each token. */
  readonly refreshToken?: () => string;
  /** Answers a question itself by returning true. */
  readonly onToken?: (question: TokenQuestion, response: ServerResponse) => boolean | Promise<boolean>;
  /** Realm and scope of the challenge, given the server's URL and the request. */
  readonly challenge?: (url: string, request: Received) => string;
}

export interface TokenRegistry extends ScriptedServer {
  readonly questions: readonly TokenQuestion[];
  /** Makes the registry refuse all tokens handed out so far. */
  readonly revoke: () => void;
  /** The requests to the registry itself. */
  readonly asked: () => readonly Received[];
}

/** A registry with its token endpoint at /token; `script` answers requests that carry a good token. */
export async function startTokenRegistry(script: Script, options: TokenRegistryOptions = {}): Promise<TokenRegistry> {
  const questions: TokenQuestion[] = [];
  const valid = new Set<string>();
  let count = 0;
  const server = await startServer(async (request, response) => {
    const url = new URL(request.url, server.url);
    if (url.pathname === "/token") {
      const form = new URLSearchParams(request.body.toString());
      const scopes =
        request.method === "POST" ? (form.get("scope") ?? "").split(" ") : url.searchParams.getAll("scope");
      const service = url.searchParams.get("service") ?? form.get("service");
      const question = { method: request.method, scopes, service, authorization: request.headers.authorization, form };
      questions.push(question);
      if ((await options.onToken?.(question, response)) === true) return;
      count += 1;
      valid.add(`token-${count}`);
      json(response, 200, {
        token: `token-${count}`,
        ...(options.refreshToken === undefined ? {} : { refresh_token: options.refreshToken() }),
        ...(options.expiresIn === undefined ? {} : { expires_in: options.expiresIn }),
      });
      return;
    }
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (valid.has(token)) {
      await script(request, response);
      return;
    }
    const challenge = options.challenge?.(server.url, request) ?? `Bearer realm="${server.url}/token",service="test"`;
    json(response, 401, { errors: [{ code: "UNAUTHORIZED" }] }, { "www-authenticate": challenge });
  }, options);
  return {
    ...server,
    questions,
    revoke: () => valid.clear(),
    asked: () => server.requests.filter((request) => !request.url.startsWith("/token")),
  };
}
