import type { CloudAnswer } from "./cloud-request.ts";

/** The fields of a JSON object; none for anything else: who looks for a field reports that it is missing. */
export function fieldsOf(answer: CloudAnswer): ReadonlyMap<string, unknown> {
  return readFields(Buffer.from(answer.body).toString("utf8"));
}

/** Own keys only, in a Map: `__proto__` is a key like any other. The text may hold a secret, so no error quotes it. */
export function readFields(text: string): ReadonlyMap<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return new Map();
    return new Map(Object.entries(parsed));
  } catch {
    return new Map();
  }
}

/** A token from an answer: visible characters only, because it ends in a header. */
export function tokenIn(fields: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

/** Nobody hands out a token for longer; a number beyond it is a mistake of units. */
const maxLifetimeMs = 24 * 3_600_000;

/** How long a token lives that names its lifetime in seconds, as a number or as digits. @default one minute */
export function lifetimeMs(seconds: unknown): number {
  const number = typeof seconds === "string" || typeof seconds === "number" ? Number(seconds) : Number.NaN;
  return number > 0 ? Math.min(number * 1000, maxLifetimeMs) : 60_000;
}

/**
 * The short names in the error of an OAuth2 server: its `error` and Azure's AADSTS number. Not its description, which is
 * free text and may repeat what it was sent.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function errorName(fields: ReadonlyMap<string, unknown>): string | undefined {
  const error = fields.get("error");
  const inner = typeof error === "object" && error !== null ? new Map<string, unknown>(Object.entries(error)) : fields;
  const name = inner.get("status") ?? inner.get("error");
  const description = fields.get("error_description");
  const number = typeof description === "string" ? /\bAADSTS\d{3,9}\b/.exec(description)?.[0] : undefined;
  const parts = [typeof name === "string" && /^[A-Za-z_]{1,60}$/.test(name) ? name : undefined, number];
  const told = parts.filter((part) => part !== undefined).join(", ");
  return told === "" ? undefined : told;
}
