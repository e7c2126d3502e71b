import { InvalidArgumentError } from "commander";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collectList, parseLogin, parsePort } from "../../cli/flags.ts";
import { UsageError } from "../../cli/usage-error.ts";

describe("a list", () => {
  test("may be given with commas, by repeating the flag, or both", () => {
    expect(collectList("a,b")).toEqual(["a", "b"]);
    expect(collectList("c, d", collectList("a,b"))).toEqual(["a", "b", "c", "d"]);
  });

  test.each(["", ",", "a,", ",a", "a,,b", " "])("with an empty value is refused: %j", (text) => {
    expect(() => collectList(text)).toThrow(InvalidArgumentError);
  });
});

describe("a login", () => {
  test("keeps every colon of the password", () => {
    expect(parseLogin("me:a:b:", "--src-creds")).toEqual({ username: "me", password: "a:b:" });
  });

  test("may have an empty password", () => {
    expect(parseLogin("me:", "--src-creds")).toEqual({ username: "me", password: "" });
  });

  test("without a user is refused, and the message does not repeat it", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{6,20}$/), fc.boolean(), (secret, colon) => {
        const text = colon ? `:${secret}` : secret;
        try {
          parseLogin(text, "--src-creds");
          return false;
        } catch (error) {
          return error instanceof UsageError && !`${error.message} ${error.hint}`.includes(secret);
        }
      }),
    );
  });

  test("is read back as it was written, whatever is in it", () => {
    const user = fc.string({ minLength: 1 }).filter((text) => !text.includes(":"));
    fc.assert(
      fc.property(user, fc.string(), (username, password) => {
        expect(parseLogin(`${username}:${password}`, "--src-creds")).toEqual({ username, password });
      }),
    );
  });
});

describe("a port", () => {
  test.each([
    ["0", 0],
    ["5000", 5000],
    ["65535", 65_535],
  ])("%s is read", (text, port) => {
    expect(parsePort(text)).toBe(port);
  });

  test.each(["", "-1", "65536", "99999999999", "http", "5000x", "0x10", "1e3", " 80"])("%j is refused", (text) => {
    expect(() => parsePort(text)).toThrow(InvalidArgumentError);
  });
});
