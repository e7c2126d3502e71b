import type { Credential } from "./credential.ts";

/** One value below `auths` of a docker configuration. */
export type AuthEntry =
  | { readonly kind: "login"; readonly credential: Credential }
  /** `{}`: the login is kept in a credential store. */
  | { readonly kind: "empty" }
  | { readonly kind: "broken"; readonly why: string };

/**
 * Reads an entry without throwing: one broken entry must not spoil the others. A token goes before a password, because
 * docker writes a placeholder user name beside it.
 */
export function readAuthEntry(value: unknown): AuthEntry {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return broken("it is not an object");
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const name of ["registrytoken", "identitytoken", "auth", "username", "password"]) {
    const field = fields.get(name);
    if (field !== undefined && field !== null && typeof field !== "string") return broken(`"${name}" is not a string`);
  }
  const text = (name: string): string => (fields.get(name) as string | null | undefined) ?? "";

  const registryToken = text("registrytoken").trim();
  if (registryToken !== "") return token("registry-token", registryToken);
  const identityToken = text("identitytoken").trim();
  if (identityToken !== "") return token("identity-token", identityToken);
  if (text("auth") !== "") return decodeAuth(text("auth"));
  if (text("username") === "" && text("password") === "") return { kind: "empty" };
  return login(text("username"), text("password"));
}

/** `auth` is base64 of `username:password`; old docker versions pad the password with NUL. */
function decodeAuth(auth: string): AuthEntry {
  const compact = auth.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact)) return broken(`"auth" is not base64`);
  const decoded = Buffer.from(compact, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 0) return broken(`"auth" has no colon between user name and password`);
  let end = decoded.length;
  while (end > colon + 1 && decoded.codePointAt(end - 1) === 0) end -= 1;
  return login(decoded.slice(0, colon), decoded.slice(colon + 1, end));
}

/** @see https://www.rfc-editor.org/rfc/rfc7617#section-2 */
function login(username: string, password: string): AuthEntry {
  if (username.includes(":")) return broken("the user name contains a colon, which Basic authentication cannot carry");
  // Google's password is a key file as it is, with its lines; base64 carries them, and nobody else has any.
  const visible = username === "_json_key" ? password.replace(/[\t\r\n]/g, "") : password;
  if (hasControlCharacter(username + visible)) return broken("user name or password contains a control character");
  return { kind: "login", credential: { kind: "basic", username, password } };
}

function token(kind: "registry-token" | "identity-token", text: string): AuthEntry {
  if (hasControlCharacter(text)) return broken("the token contains a control character");
  return { kind: "login", credential: { kind, token: text } };
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function broken(why: string): AuthEntry {
  return { kind: "broken", why };
}
