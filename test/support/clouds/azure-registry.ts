import { once } from "node:events";
import { type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { json, type Received } from "../../engine/http/scripted-server.ts";
import { basicAuthorization } from "../registries/login.ts";
import type { RunningProfile } from "../registries/profiles/index.ts";

/**
 * Gives a token of the registry for one of the refresh tokens that were handed out. It is made by the registry behind,
 * which knows nothing of them, only of its own one login.
 * @see https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md#calling-post-oauth2token-to-get-an-acr-access-token
 */
export async function giveAccess(
  registry: RunningProfile,
  refreshTokens: readonly string[],
  request: Received,
  response: ServerResponse,
): Promise<void> {
  const form = new URLSearchParams(request.body.toString());
  const refuse = (status: number, code: string): void =>
    json(response, status, {
      errors: [{ code, message: "authentication required", detail: form.get("refresh_token") }],
    });
  if (request.method !== "POST" || form.get("grant_type") !== "refresh_token") return refuse(400, "UNSUPPORTED");
  if (form.get("service") !== request.headers.host) return refuse(400, "UNSUPPORTED");
  if (!refreshTokens.includes(form.get("refresh_token") ?? "")) return refuse(401, "UNAUTHORIZED");
  const query = new URLSearchParams(form.getAll("scope").map((scope): [string, string] => ["scope", scope]));
  const given = await ask(registry, `/oauth2/token?${query.toString()}`, "GET", {
    authorization: basicAuthorization(registry.login),
  });
  const { access_token } = JSON.parse(await text(given)) as { access_token?: string };
  // The real one says nothing else, not even how long it lives.
  return json(response, given.statusCode ?? 502, { access_token });
}

/** Lets the registry behind answer, under the name that the client knows it by. */
export async function forward(
  registry: RunningProfile,
  host: string,
  path: string,
  request: Received,
  response: ServerResponse,
): Promise<void> {
  const answer = await ask(registry, path, request.method, { ...request.headers, host }, request.body);
  const { "www-authenticate": challenge, ...headers } = answer.headers;
  const own = challenge?.replace('realm="http://', 'realm="https://');
  response.writeHead(answer.statusCode ?? 502, { ...headers, ...(own !== undefined && { "www-authenticate": own }) });
  answer.pipe(response);
}

async function ask(
  registry: RunningProfile,
  path: string,
  method: string,
  headers: IncomingMessage["headers"],
  body?: Buffer,
): Promise<IncomingMessage> {
  const request = send(`${registry.url}${path}`, { method, headers, agent: false });
  request.end(body);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return answer;
}
