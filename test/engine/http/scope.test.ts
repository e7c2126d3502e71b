import { describe, expect, test } from "vitest";
import { coversScopes, formatScopes, mergeScopes, parseScopes, scopesFor } from "../../../engine/http/scope.ts";
import { TokenCache } from "../../../engine/http/token-cache.ts";

test("the scopes of one repository are merged, several keep their order", () => {
  const scopes = scopesFor([
    { repository: "b", actions: ["pull"] },
    { repository: "a", actions: ["pull"] },
    { repository: "b", actions: ["push", "pull"] },
  ]);
  expect(formatScopes(scopes)).toEqual(["repository:b:pull,push", "repository:a:pull"]);
});

test("what a challenge asks for comes first when it is merged", () => {
  const asked = parseScopes(["repository:x/y:delete", "registry:catalog:*", "odd"]);
  const merged = mergeScopes(asked, scopesFor([{ repository: "x/y", actions: ["pull"] }]));
  expect(formatScopes(merged)).toEqual(["repository:x/y:delete,pull", "registry:catalog:*", "odd"]);
});

test("more covers less, not the other way round", () => {
  const more = parseScopes(["repository:a:pull,push", "repository:b:pull"]);
  expect(coversScopes(more, parseScopes(["repository:a:pull"]))).toBe(true);
  expect(coversScopes(more, new Map())).toBe(true);
  expect(coversScopes(more, parseScopes(["repository:b:push"]))).toBe(false);
  expect(coversScopes(more, parseScopes(["repository:c:pull"]))).toBe(false);
});

describe("the token cache", () => {
  const issuer = { realm: new URL("https://auth.example/token"), service: "s", identity: "me" };
  const token = (value: string, lifetimeMs: number) => ({ value, receivedAtMs: 0, expiresAtMs: lifetimeMs });
  const pull = parseScopes(["repository:a:pull"]);
  const push = parseScopes(["repository:a:pull,push", "repository:b:pull"]);

  test("finds a token that allows at least what is needed, for the same issuer only", () => {
    const cache = new TokenCache();
    cache.add(issuer, push, token("t", 60_000), 0);
    expect(cache.find(issuer, pull, 0)?.value).toBe("t");
    expect(cache.find(issuer, parseScopes(["repository:b:pull"]), 0)?.value).toBe("t");
    expect(cache.find(issuer, parseScopes(["repository:b:push"]), 0)).toBeUndefined();
    expect(cache.find({ ...issuer, identity: "you" }, pull, 0)).toBeUndefined();
    expect(cache.find({ ...issuer, service: "other" }, pull, 0)).toBeUndefined();
    expect(cache.find({ ...issuer, realm: new URL("https://other.example/token") }, pull, 0)).toBeUndefined();
  });

  test("stops offering a token before it ends: 10 s, of a short one a quarter", () => {
    const cache = new TokenCache();
    cache.add(issuer, pull, token("long", 60_000), 0);
    expect(cache.find(issuer, pull, 49_999)?.value).toBe("long");
    expect(cache.find(issuer, pull, 50_000)).toBeUndefined();
    cache.add(issuer, push, token("short", 4000), 0);
    expect(cache.find(issuer, push, 2999)?.value).toBe("short");
    expect(cache.find(issuer, push, 3000)).toBeUndefined();
  });

  test("does not hold the tokens of logins that nobody comes back with", () => {
    const cache = new TokenCache();
    for (let login = 0; login < 100; login += 1) {
      cache.add({ ...issuer, identity: `login ${login}` }, push, token("t", 60_000), 0);
    }
    cache.add(issuer, pull, { value: "new", receivedAtMs: 0, expiresAtMs: 600_000 }, 120_000);
    expect(cache.size).toBe(1);
    expect(cache.find(issuer, pull, 120_000)?.value).toBe("new");
  });

  test("forgets a refused token wherever it is listed, and no other", () => {
    const cache = new TokenCache();
    cache.add(issuer, push, token("refused", 60_000), 0);
    cache.add(issuer, pull, token("good", 60_000), 0);
    cache.drop("refused");
    expect(cache.find(issuer, push, 0)).toBeUndefined();
    expect(cache.find(issuer, parseScopes(["repository:b:pull"]), 0)).toBeUndefined();
    expect(cache.find(issuer, pull, 0)?.value).toBe("good");
  });
});
