import { type Environment, variable } from "./environment.ts";

/** Variables whose whole value is a secret that some cloud's login is made from. */
const secretVariables = [
  "AZURE_CLIENT_SECRET",
  "AZURE_SP_PASSWORD",
  "IDENTITY_HEADER",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
] as const;

/** What an environment holds that must not be told, whoever repeats it. */
export function environmentSecrets(environment: Environment): string[] {
  return secretVariables.flatMap((name) => variable(environment, name) ?? []);
}
