import * as fc from "fast-check";
import { expect, test } from "vitest";
import { complaint } from "../../../engine/credentials/helper-complaint.ts";

test.each([
  ["", ""],
  ["\n\n", ""],
  ["denied", "denied"],
  ["\nfirst line\nsecond line", "first line"],
  ["first line\r\nsecond line", "first line"],
  [
    "error: could not find (cached) credentials, can't log in!",
    "error: could not find (cached) credentials, can't log in!",
  ],
  ["ExpiredTokenException: the session has expired", "ExpiredTokenException: the session has expired"],
  ['time="2024-01-01T00:00:00Z" level=error msg="no login"', '*** login"'],
  ["request to https://user:pass@r.example/ failed", "request to *** failed"],
  ["bad AKIAIOSFODNN7EXAMPLE here", "bad *** here"],
  ["bad eyJhbGciOiJIUzI1NiJ9.e30.sig", "bad ***"],
  ["the password is hunter", "the ***"],
  ["wrong password: correct horse battery", "wrong ***"],
  ["token = abc", ""],
  ["a1 b2 c3", ""],
  ["bell\u0007 \u001b[31mred", ""],
])("%j becomes %j", (text, shown) => {
  expect(complaint(text)).toBe(shown);
});

test("a line of any length is cut", () => {
  expect(complaint("word ".repeat(100_000)).length).toBeLessThan(210);
  expect(complaint("x".repeat(1_000_000))).toBe("");
});

test("what is shown of any text is words of a sentence, whatever stands around them", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(complaint(text)).toMatch(/^(?:[A-Za-z'"(),.:;!?-]|\*\*\*| )*…?$/);
    }),
  );
});

test("no token, key or generated password is ever shown", () => {
  const generated = fc
    .stringMatching(/^[A-Za-z0-9+/_=-]{16,64}$/)
    .filter((text) => /\d/.test(text) || /[A-Z]{2}/.test(text));
  fc.assert(
    fc.property(fc.constantFrom("", "error ", "cannot use ", "(", '"'), generated, (before, secret) => {
      expect(complaint(`${before}${secret}`)).not.toContain(secret.slice(0, 8));
    }),
  );
});
