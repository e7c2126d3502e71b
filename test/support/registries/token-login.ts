import { basicAuthorization, testLogin } from "./login.ts";
import { send, type PlainAnswer } from "./plain-client.ts";

/** One field of a challenge; empty when the challenge does not have it. */
export function challengeField(answer: PlainAnswer, name: string): string {
  return new RegExp(`[ ,]${name}="([^"]*)"`).exec(answer.headers["www-authenticate"] ?? "")?.[1] ?? "";
}

/** Asks the token endpoint that a challenge names for one scope, anonymously or with a login. */
export async function askForToken(
  challenge: PlainAnswer,
  scope: string,
  login: { user: string; password: string } | "anonymous" = testLogin,
  ca?: string,
): Promise<PlainAnswer> {
  const realm = new URL(challengeField(challenge, "realm"));
  const query = new URLSearchParams({ service: challengeField(challenge, "service"), scope });
  return send(realm.origin, `${realm.pathname}?${query.toString()}`, {
    headers: login === "anonymous" ? {} : { Authorization: basicAuthorization(login) },
    ...(ca === undefined ? {} : { ca }),
  });
}

/** The value of an `Authorization` header from the answer of a token endpoint. */
export function bearer(answer: PlainAnswer): string {
  return `Bearer ${(JSON.parse(answer.text) as { token: string }).token}`;
}
