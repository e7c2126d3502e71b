import { type Environment, variable } from "./environment.ts";

/** Keys that an environment names itself. */
export interface AmazonKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What names a credential of Amazon without being one: then it is no "there is none" when none can be had. */
const signs = [
  "AWS_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
] as const;

/** Where the SDK looks beside variables of its own. */
const places = ["HOME", "USERPROFILE"] as const;

/** The variable that says that there are credentials; undefined when none does. */
export function hasAmazonSign(environment: Environment): string | undefined {
  return signs.find((name) => variable(environment, name) !== undefined);
}

/**
 * Which credentials to use: keys from the environment as they are; else `ambient`, what the SDK finds. It looks into the
 * environment of the process, whatever we were given; where the two differ, it would find what the user of the engine
 * has kept from us: then `none`.
 */
export function amazonCredentials(environment: Environment): AmazonKeys | "ambient" | "none" {
  const accessKeyId = variable(environment, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = variable(environment, "AWS_SECRET_ACCESS_KEY");
  const sessionToken = variable(environment, "AWS_SESSION_TOKEN");
  if (
    variable(environment, "AWS_PROFILE") === undefined &&
    accessKeyId !== undefined &&
    secretAccessKey !== undefined
  ) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  const { env } = process;
  const names = new Set([...Object.keys(env), ...Object.keys(environment)].filter((name) => name.startsWith("AWS_")));
  const same = [...names, ...places].every((name) => variable(environment, name) === variable(env, name));
  return same ? "ambient" : "none";
}

/** For Amazon's SDK, which warns on the console by default. */
export const silentLogger: Readonly<Record<"trace" | "debug" | "info" | "warn" | "error", () => void>> = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
