import { type AttributePath, attributePath, type Diagnostics } from "./protocol/diagnostics.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";
import { environmentLogin, plainHttpHost, registryAuthSecrets } from "./registry-auth.ts";

/** A login that needs nothing beside it; only one of them can be used. */
const ways = [...registryAuthSecrets, "credential_helper"] as const;

/** Used when the block has no such login. */
const files = ["config_file_content", "config_file"] as const;

/** Checks one `registry_auth` block offline; silent about what is not known yet. */
export function validateRegistryAuth(
  block: ObjectValue,
  path: (attribute: string) => AttributePath,
  environment: NodeJS.ProcessEnv,
  diagnostics: Diagnostics,
): void {
  const given = ways.filter((name) => isGiven(block[name]));
  const disabled = block["auth_disabled"] === true;
  const rivals = [...given, ...(disabled ? ["auth_disabled"] : [])];
  const unused = files.filter((name) => isGiven(block[name]));
  if (rivals.length > 1) {
    const detail = `Only one of these can be used: ${rivals.join(", ")}. Remove the others.`;
    diagnostics.error("Contradicting logins", detail, path(given.at(-1) ?? "address"));
  } else if (rivals.length === 1) {
    for (const name of unused) {
      const detail = `"${name}" is not read, because "${rivals[0]}" goes before it. Remove one of them.`;
      diagnostics.warning(`Unused ${name}`, detail, path(name));
    }
  } else if (unused.length === 0 && !isUndecided(block) && !isComplete(block, environment)) {
    const detail = `The login for ${describe(block["address"])} has no secret. Give username and password, identity_token, registry_token, credential_helper or config_file, or set auth_disabled = true.`;
    diagnostics.error("Login without a secret", detail, path("address"));
  }
  const missing = missingHalf(block, environment);
  if (missing !== undefined) {
    const detail = `"username" and "password" belong together. Give "${missing}" too.`;
    diagnostics.error("Incomplete login", detail, path(missing));
  }
  for (const name of ["username", ...ways, "config_file"]) {
    if (block[name] === "") diagnostics.error(`Empty ${name}`, `Give "${name}" a value, or leave it out.`, path(name));
  }
  checkHelper(block["credential_helper"], path("credential_helper"), diagnostics);
  checkConfigContent(block["config_file_content"], path("config_file_content"), diagnostics);
}

/** Checks what the addresses of all `registry_auth` blocks say together, and beside the `registry` blocks. */
export function validateLoginAddresses(
  logins: readonly ObjectValue[],
  registries: readonly ObjectValue[],
  diagnostics: Diagnostics,
): void {
  const seen = new Set<Value | undefined>();
  for (const [position, { address }] of logins.entries()) {
    const path = attributePath("registry_auth", position, "address");
    if (typeof address === "string" && seen.has(address)) {
      const detail = `There is another login for ${describe(address)}, and only one of them can be used. Remove one, or give one a longer path.`;
      diagnostics.error("Login configured twice", detail, path);
    }
    seen.add(address);
    const host = plainHttpHost(address);
    const transport = registries.find((registry) => host !== undefined && registry["address"] === host);
    if (transport === undefined || transport["plain_http"] === true || isUnknown(transport["plain_http"])) continue;
    const detail = `${describe(address)} asks for plain HTTP, and the registry block for ${describe(host)} does not. Set plain_http = true there, or remove "http://" here.`;
    diagnostics.error("Contradicting transport", detail, path);
  }
}

/** The content of a docker configuration is looked into only as far as can be told without showing it. */
export function checkConfigContent(content: Value | undefined, path: AttributePath, diagnostics: Diagnostics): void {
  if (typeof content !== "string" || isJsonObject(content)) return;
  const detail = `It is not a JSON object. Give the content of a docker config.json, for instance by file("config.json").`;
  diagnostics.error("Invalid config_file_content", detail, path);
}

function checkHelper(name: Value | undefined, path: AttributePath, diagnostics: Diagnostics): void {
  if (typeof name !== "string" || name === "") return;
  const prefix = "docker-credential-";
  if (/^[A-Za-z0-9._-]{1,100}$/.test(name) && !name.startsWith(prefix)) return;
  const detail = `${describe(name)} is not the name of a credential helper. Give what follows "${prefix}" in the name of its program, for example "ecr-login".`;
  diagnostics.error("Invalid credential_helper", detail, path);
}

/** Whether what is unknown yet may turn out to be the login. */
function isUndecided(block: ObjectValue): boolean {
  return [...ways, ...files, "auth_disabled"].some((name) => isUnknown(block[name]));
}

/** Whether the environment has what the block leaves out. */
function isComplete(block: ObjectValue, environment: NodeJS.ProcessEnv): boolean {
  const { username, password } = environmentLogin(environment);
  return (
    password !== undefined && (isUnknown(block["username"]) || isGiven(block["username"]) || username !== undefined)
  );
}

/** The half of user name and password that is neither in the block nor, if it may be used, in the environment. */
function missingHalf(block: ObjectValue, environment: NodeJS.ProcessEnv): "username" | "password" | undefined {
  const fromEnvironment = environmentLogin(environment);
  if (isGiven(block["password"]) && block["username"] === null) {
    return fromEnvironment.username === undefined ? "username" : undefined;
  }
  if (!isGiven(block["username"]) || block["password"] !== null) return undefined;
  const otherLogin = [...ways, ...files].some((name) => isGiven(block[name])) || block["auth_disabled"] === true;
  return otherLogin || fromEnvironment.password === undefined ? "password" : undefined;
}

/** Present for certain: what is unknown may turn out to be null. */
function isGiven(value: Value | undefined): boolean {
  return value !== null && value !== undefined && !isUnknown(value);
}

function describe(address: Value | undefined): string {
  return typeof address === "string" ? JSON.stringify(address.slice(0, 100)) : "this address";
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    // The parser's message quotes the text, which holds secrets.
    return false;
  }
}
