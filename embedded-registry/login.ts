import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** User name and password of a Basic `Authorization` header. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Reads a Basic `Authorization` header; undefined when the request has none that can be read. */
export function basicLogin(request: IncomingMessage): Login | undefined {
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? "");
  if (match === null) return undefined;
  const decoded = Buffer.from(match[1] ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Whether user and password belong together. */
export function isKnownLogin(users: Readonly<Record<string, string>>, login: Login): boolean {
  const password = Object.hasOwn(users, login.user) ? users[login.user] : undefined;
  return password !== undefined && timingSafeEqual(sha256(password), sha256(login.password));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
