import { coversScopes, type Scopes } from "./scope.ts";

/** Which token server is asked, and as whom. */
export interface TokenIssuer {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Distinguishes logins; never shown. */
  readonly identity: string;
}

export interface Token {
  readonly value: string;
  /** When it was received and until when it is valid, epoch milliseconds. */
  readonly receivedAtMs: number;
  readonly expiresAtMs: number;
}

interface Entry {
  readonly token: Token;
  readonly scopes: Scopes;
}

/** A token is renewed so long before its end, because the request it goes with takes its time as well. */
const renewBeforeMs = 10_000;

/** So often at most all tokens are looked through for those that have expired. */
const sweepMs = 60_000;

/** Tokens that are still good, found by what they allow. A token for more than what is needed is good too. */
export class TokenCache {
  /** By issuer and resource, so that a look-up sees the few tokens of one repository. */
  readonly #entries = new Map<string, Entry[]>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  /** How many resources of issuers there is a token for. */
  get size(): number {
    return this.#entries.size;
  }

  find(issuer: TokenIssuer, needed: Scopes, nowMs: number): Token | undefined {
    const entries = this.#entries.get(key(issuer, firstResource(needed)));
    return entries?.find(({ token, scopes }) => fresh(token, nowMs) && coversScopes(scopes, needed))?.token;
  }

  add(issuer: TokenIssuer, scopes: Scopes, token: Token, nowMs: number): void {
    if (nowMs - this.#sweptAtMs >= sweepMs) this.#sweep(nowMs);
    const resources = scopes.size === 0 ? [""] : scopes.keys();
    for (const resource of resources) {
      const at = key(issuer, resource);
      const kept = (this.#entries.get(at) ?? []).filter((entry) => fresh(entry.token, nowMs));
      this.#entries.set(at, [...kept, { token, scopes }]);
    }
  }

  /** Forgets a token that a registry did not accept, wherever it is listed. */
  drop(value: string): void {
    for (const [at, entries] of this.#entries) {
      const kept = entries.filter((entry) => entry.token.value !== value);
      if (kept.length === 0) this.#entries.delete(at);
      else if (kept.length < entries.length) this.#entries.set(at, kept);
    }
  }

  /** Logins of clouds change by the hour: what was cached for an old one is never looked at again. */
  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [at, entries] of this.#entries) {
      if (!entries.some(({ token }) => fresh(token, nowMs))) this.#entries.delete(at);
    }
  }
}

function fresh(token: Token, nowMs: number): boolean {
  const lifetimeMs = token.expiresAtMs - token.receivedAtMs;
  return nowMs < token.expiresAtMs - Math.min(renewBeforeMs, lifetimeMs / 4);
}

function firstResource(scopes: Scopes): string {
  const [first] = scopes.keys();
  return first ?? "";
}

function key(issuer: TokenIssuer, resource: string): string {
  return JSON.stringify([issuer.realm.href, issuer.service ?? "", issuer.identity, resource]);
}
