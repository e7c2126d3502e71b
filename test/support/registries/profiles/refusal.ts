import type { Reply } from "../../../../embedded-registry/index.ts";

/** An error answer with any code: vendors have codes of their own. */
export function refusal(status: number, code: string, message: string, detail?: unknown): Reply {
  return json(status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}

/** A JSON answer of any status. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}
