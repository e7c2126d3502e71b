import { access } from "node:fs/promises";
import { join } from "node:path";
import type { AzureQuestion, AzureToken } from "./azure-token.ts";
import { readFields, tokenIn } from "./cloud-answer.ts";
import { cloudFailure } from "./cloud-failure.ts";
import { type Environment, homeDirectory, variable } from "./environment.ts";
import { runHelperProcess } from "./helper-process.ts";

/** It is a large program, and asks the directory when its own token has expired. */
const timeoutMs = 30_000;

const origin = "the login of the Azure command line (az)";

/**
 * A token of who is logged in with `az`. Undefined where nobody is, and where it is not installed; it is not even started
 * where it has never been used.
 * @throws when there is a login that gives no token.
 * @see https://learn.microsoft.com/en-us/cli/azure/account#az-account-get-access-token
 */
export async function azureCliToken(question: AzureQuestion): Promise<AzureToken | undefined> {
  const { environment, registry, resource, signal } = question;
  if (!(await hasProfile(environment))) return undefined;
  const end = await runHelperProcess({
    program: process.platform === "win32" ? "az.cmd" : "az",
    args: ["account", "get-access-token", "--output", "json", "--resource", resource],
    input: "",
    environment,
    timeoutMs,
    signal,
  });
  if (end.kind === "missing") return undefined;
  const fields = end.kind === "exited" && end.code === 0 ? readFields(end.stdout) : new Map<string, unknown>();
  const token = tokenIn(fields, "accessToken");
  if (token !== undefined) return { token, origin, tenant: tokenIn(fields, "tenant") };
  const said = end.kind === "exited" || end.kind === "killed" ? end.stderr : "";
  const number = /\bAADSTS\d{3,9}\b/.exec(said)?.[0];
  // These are its words for "nobody is logged in"; with a number of the directory somebody was.
  if (number === undefined && /az login/.test(said)) return undefined;
  throw cloudFailure({
    registry,
    origin,
    why: explain(end.kind, number),
    hint: "Run az login, or az logout to do without it",
  });
}

function explain(kind: string, number: string | undefined): string {
  if (kind === "timeout") return `it did not answer within ${timeoutMs / 1000} s`;
  return number === undefined ? "it gave no token" : `it gave no token (${number})`;
}

/** @see https://learn.microsoft.com/en-us/cli/azure/azure-cli-configuration#cli-configuration-file */
async function hasProfile(environment: Environment): Promise<boolean> {
  const home = homeDirectory(environment);
  const directory =
    variable(environment, "AZURE_CONFIG_DIR") ?? (home === undefined ? undefined : join(home, ".azure"));
  if (directory === undefined) return false;
  return await access(join(directory, "azureProfile.json")).then(
    () => true,
    () => false,
  );
}
