import type { CloudAnswer, CloudMessage, CloudRequest } from "../credentials/cloud-request.ts";
import type { Redactor } from "./redact.ts";

/** Fields that hold a secret, as `client_secret`, `accessToken`, `assertion`; not those that tell its type or place. */
const secretField = /(?:secret|password|assertion|token|secretaccesskey)$/i;

/** Headers by which services that give out logins are shown one. */
const secretHeaders: ReadonlySet<string> = new Set(["authorization", "x-identity-header", "x-aws-ec2-metadata-token"]);

/** Answers with tokens are flat; Amazon's has two levels. */
const maxDepth = 5;

/** Sends in the given way, and tells the redactor every secret that goes there and comes back: whoever is asked next may repeat it. */
export function watched(send: CloudRequest, redactor: Pick<Redactor, "registerSecret">): CloudRequest {
  return async (message, signal) => {
    for (const secret of [...headerSecrets(message), ...bodySecrets(message.body)]) redactor.registerSecret(secret);
    const answer: CloudAnswer = await send(message, signal);
    for (const secret of bodySecrets(answer.body)) redactor.registerSecret(secret);
    return answer;
  };
}

function headerSecrets({ headers }: CloudMessage): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    secretHeaders.has(name.toLowerCase()) ? [value.replace(/^(?:bearer|basic)\s+/i, "")] : [],
  );
}

/** Of JSON and of forms; what is neither has no fields. */
function bodySecrets(body: Uint8Array | undefined): string[] {
  if (body === undefined) return [];
  const text = Buffer.from(body).toString("utf8");
  try {
    return secretsIn(JSON.parse(text), 0);
  } catch {
    return [...new URLSearchParams(text)].flatMap(([name, value]) => (secretField.test(name) ? [value] : []));
  }
}

function secretsIn(value: unknown, depth: number): string[] {
  if (typeof value !== "object" || value === null || depth > maxDepth) return [];
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    if (typeof field === "string") return secretField.test(name) ? [field] : [];
    return secretsIn(field, depth + 1);
  });
}
