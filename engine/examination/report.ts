/** What is looked at, in this order; from `pull` on only in a repository. */
export type CheckName =
  | "dns"
  | "tls"
  | "api"
  | "family"
  | "authentication"
  | "credential"
  | "login"
  | "pull"
  | "push"
  | "mount"
  | "delete"
  | "tag-delete"
  | "referrers"
  | "rate-limit"
  | "clock";

/**
 * How it came out. `warning` works, but not as it should; `unknown` was not asked or not told, and is no failure.
 */
export type Outcome = "ok" | "failed" | "warning" | "unknown";

/** What was found of one thing. Texts are of one line, without secrets and control characters. */
export interface Finding {
  readonly outcome: Outcome;
  /** What was seen, at most 300 characters. */
  readonly detail: string;
  /** What the user can do about it; present for whatever has failed. */
  readonly hint?: string | undefined;
}

export interface Check extends Finding {
  readonly name: CheckName;
}

/** What works at a registry, and in one of its repositories. */
export interface Examination {
  readonly registry: string;
  readonly repository?: string | undefined;
  readonly checks: readonly Check[];
}

export function ok(detail: string): Finding {
  return { outcome: "ok", detail };
}

export function failed(detail: string, hint: string): Finding {
  return { outcome: "failed", detail, hint };
}

export function warning(detail: string, hint: string): Finding {
  return { outcome: "warning", detail, hint };
}

export function unknown(detail: string, hint?: string): Finding {
  return { outcome: "unknown", detail, hint };
}
