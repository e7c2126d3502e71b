import type { Access } from "./message.ts";

/** What is allowed on which resource: `repository:library/nginx` → pull, push. The order of insertion is kept. */
export type Scopes = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The scopes for what a request wants to do, those of one repository merged.
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export function scopesFor(access: readonly Access[]): Scopes {
  const scopes = new Map<string, Set<string>>();
  for (const { repository, actions } of access) add(scopes, `repository:${repository}`, actions);
  return scopes;
}

/** Reads scopes as a challenge names them; what is not of the form `type:name:actions` is kept as it is. */
export function parseScopes(texts: readonly string[]): Scopes {
  const scopes = new Map<string, Set<string>>();
  for (const text of texts) {
    const colon = text.lastIndexOf(":");
    if (colon <= 0) add(scopes, text, []);
    else add(scopes, text.slice(0, colon), text.slice(colon + 1).split(","));
  }
  return scopes;
}

/** Both together. Those of `first` come first: some token servers look at nothing else. */
export function mergeScopes(first: Scopes, second: Scopes): Scopes {
  const scopes = new Map<string, Set<string>>();
  for (const [resource, actions] of [...first, ...second]) add(scopes, resource, actions);
  return scopes;
}

/** True when everything in `needed` is in `granted`. */
export function coversScopes(granted: Scopes, needed: Scopes): boolean {
  for (const [resource, actions] of needed) {
    const have = granted.get(resource);
    if (have === undefined) return false;
    for (const action of actions) if (!have.has(action)) return false;
  }
  return true;
}

export function formatScopes(scopes: Scopes): readonly string[] {
  return [...scopes].map(([resource, actions]) =>
    actions.size === 0 ? resource : `${resource}:${[...actions].join(",")}`,
  );
}

function add(scopes: Map<string, Set<string>>, resource: string, actions: Iterable<string>): void {
  const known = scopes.get(resource) ?? new Set();
  for (const action of actions) if (action !== "") known.add(action);
  scopes.set(resource, known);
}
