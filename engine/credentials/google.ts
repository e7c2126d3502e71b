import { open } from "node:fs/promises";
import { join } from "node:path";
import { readFields } from "./cloud-answer.ts";
import { cloudFailure } from "./cloud-failure.ts";
import type { CloudLogin, CloudLoginFinder, CloudQuestion } from "./cloud-login.ts";
import { homeDirectory, variable } from "./environment.ts";
import { findMetadataLogin } from "./google-metadata.ts";
import { tokenOfKeyFile } from "./google-token.ts";

/** Key files have two kilobytes; a mistaken path may name anything. */
const maxKeyFileBytes = 256 * 1024;

/** The user name that goes with an access token at all of Google's registries. */
const tokenUsername = "oauth2accesstoken";

/**
 * Application default credentials: the file of `GOOGLE_APPLICATION_CREDENTIALS`, else what
 * `gcloud auth application-default login` has left, else the service account of the machine.
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export const findGoogleLogin: CloudLoginFinder = async (question) => {
  const { environment } = question;
  const named = variable(environment, "GOOGLE_APPLICATION_CREDENTIALS");
  if (named !== undefined) {
    const origin = `the key file ${named} (GOOGLE_APPLICATION_CREDENTIALS)`;
    const text = await readKeyFile(question, named, origin);
    if (text !== undefined) return await loginOf(question, text, origin);
    const hint = "Correct GOOGLE_APPLICATION_CREDENTIALS, or unset it";
    throw cloudFailure({ registry: question.registry, origin, why: "it does not exist", hint });
  }
  const path = wellKnownPath(question);
  if (path !== undefined) {
    const origin = `the application default credentials of gcloud (${path})`;
    const text = await readKeyFile(question, path, origin);
    if (text !== undefined) return await loginOf(question, text, origin);
  }
  const found = await findMetadataLogin(question);
  return found && login(found.token, found.expiresAtMs, found.origin);
};

async function loginOf(question: CloudQuestion, text: string, origin: string): Promise<CloudLogin> {
  const key = readFields(text);
  const { registry } = question;
  if (key.size === 0) {
    throw cloudFailure({
      registry,
      origin,
      why: "it is no JSON object",
      hint: "Download the key anew, or run gcloud auth application-default login",
    });
  }
  const { token, expiresAtMs } = await tokenOfKeyFile({ ...question, key: Object.fromEntries(key), origin });
  return login(token, expiresAtMs, origin);
}

function login(token: string, expiresAtMs: number, origin: string): CloudLogin {
  const credential = { kind: "basic", username: tokenUsername, password: token } as const;
  return { found: { credential, origin }, expiresAtMs };
}

/** @see https://cloud.google.com/docs/authentication/application-default-credentials#personal */
function wellKnownPath({ environment }: CloudQuestion): string | undefined {
  const name = "application_default_credentials.json";
  const settings = variable(environment, "CLOUDSDK_CONFIG");
  if (settings !== undefined) return join(settings, name);
  const roaming = process.platform === "win32" ? variable(environment, "APPDATA") : undefined;
  if (roaming !== undefined) return join(roaming, "gcloud", name);
  const home = homeDirectory(environment);
  return home === undefined ? undefined : join(home, ".config", "gcloud", name);
}

/** Undefined when there is no such file. */
async function readKeyFile(question: CloudQuestion, path: string, origin: string): Promise<string | undefined> {
  const broken = (why: string): Error =>
    cloudFailure({ registry: question.registry, origin, why, hint: "Make it a readable key file of Google" });
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > maxKeyFileBytes) throw broken(`it is larger than ${maxKeyFileBytes} bytes`);
    return await file.readFile("utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw /^E[A-Z]+$/.test(code) ? broken(`it can't be read (${code})`) : error;
  }
}
