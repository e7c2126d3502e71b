import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRedactor } from "../../../engine/http/redact.ts";

test.each([
  ["https://user:hunter22@r.example/v2/", "https://***@r.example/v2/"],
  ["http://token@r.example", "http://***@r.example"],
  ["GET https://s3.example/blob?X-Amz-Signature=abc&x=1 failed", "GET https://s3.example/blob?*** failed"],
  ['at "/v2/app/blobs/uploads/1?_state=abc": 404', 'at "/v2/app/blobs/uploads/1?***": 404'],
  ["authorization: Bearer eyJhbGciOi.J9.x_-", "authorization: ***"],
  ["Authorization: Basic dXNlcjpwYXNz", "Authorization: ***"],
  ["proxy-authorization=Basic dXNlcjpwYXNz", "proxy-authorization=***"],
  ["sent Bearer eyJhbGciOi.J9.x, then Basic dXNlcjpwYXNz", "sent Bearer ***, then Basic ***"],
  [
    '{"token": "abc def", "access_token":"x", "expires_in": 60}',
    '{"token": ***, "access_token":***, "expires_in": 60}',
  ],
  ["GET /token: it refused", "GET /token: it refused"],
  ["refresh_token=abc&service=r.example", "refresh_token=***&service=r.example"],
  ["Cannot get manifest at ghcr.io: status 404", "Cannot get manifest at ghcr.io: status 404"],
])("%s becomes %s", (text, clean) => {
  expect(createRedactor().redact(text)).toBe(clean);
});

test("a registered secret is masked raw, percent-encoded, in base64 and inside JSON", () => {
  const redactor = createRedactor();
  const secret = 'p@ss "wörd"/1';
  redactor.registerSecret(secret);
  for (const form of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
    JSON.stringify(secret),
  ]) {
    expect(redactor.redact(`it was ${form}!`)).toMatch(/^it was "?\*\*\*"?!$/);
  }
});

test("a secret that is part of another leaves nothing of it behind", () => {
  const redactor = createRedactor();
  redactor.registerSecret("abcd");
  redactor.registerSecret("abcdefgh");
  expect(redactor.redact("abcdefgh abcd")).toBe("*** ***");
});

test("the beginning of a secret is masked where the text was cut in its middle", () => {
  const redactor = createRedactor();
  const secret = "dckr_pat_0123456789abcdef";
  redactor.registerSecret(secret);
  expect(redactor.redact(`denied: ${secret} ${secret.slice(0, 20)}… and ${secret.slice(0, 14)}x`)).toBe(
    "denied: *** ***… and ***x",
  );
  expect(redactor.redact(secret.slice(0, 11))).toBe(secret.slice(0, 11));
  expect(redactor.redact(secret.slice(0, 12).repeat(100_000))).toBe("***".repeat(100_000));
});

test("values too short to be secrets do not make messages unreadable", () => {
  const redactor = createRedactor();
  for (const value of ["", "a", "io"]) redactor.registerSecret(value);
  expect(redactor.redact("Cannot reach ghcr.io")).toBe("Cannot reach ghcr.io");
});

test("no registered secret survives, whatever stands around it", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9+/=._-]{6,40}$/), fc.string(), fc.string(), (secret, before, after) => {
      const redactor = createRedactor();
      redactor.registerSecret(secret);
      expect(redactor.redact(before + secret + after)).not.toContain(secret);
    }),
  );
});

test("a megabyte of anything is worked through without starting over at every character", () => {
  const redactor = createRedactor();
  for (const piece of ["https://", "/v2/?", "bearer ", "token=", 'authorization:"', "a.b-c+d", "://@", "?"]) {
    expect(redactor.redact(piece.repeat(1_000_000 / piece.length)).length).toBeGreaterThan(0);
  }
});

test("what is configured is still masked when thousands of tokens have been seen since", () => {
  const redactor = createRedactor();
  redactor.keepSecret("configured-canary");
  for (let number = 0; number < 5000; number += 1) redactor.registerSecret(`token-${number}`);
  expect(redactor.redact("it was configured-canary and token-4999")).toBe("it was *** and ***");
});
