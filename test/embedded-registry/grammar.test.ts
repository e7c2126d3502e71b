import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRepositoryName, isTag, parseDigest } from "../../embedded-registry/grammar.ts";

const SHA256 = "a".repeat(64);
const SHA512 = "0".repeat(128);

describe("repository names", () => {
  test.each(["a", "0", "library/nginx", "a/b/c/d", "a.b", "a_b", "a__b", "a-b", "a---b", "x".repeat(255)])(
    "%s is a name",
    (name) => {
      expect(isRepositoryName(name)).toBe(true);
    },
  );

  test.each([
    "",
    "A",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/.b",
    "a..b",
    "a___b",
    "_a",
    "a_",
    "-a",
    "a\n",
    "a\0b",
    "ä",
    "a b",
    "a%2fb",
    "a:b",
    "a@b",
    "x".repeat(256),
  ])("%j is no name", (name) => {
    expect(isRepositoryName(name)).toBe(false);
  });

  test("a name never leads out of its folder", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._\-/]{1,40}$/), (text) => {
        const harmless = text.split("/").every((part) => /^[a-z0-9]/.test(part) && /[a-z0-9]$/.test(part));
        expect(isRepositoryName(text) && !harmless).toBe(false);
      }),
    );
  });

  test("a name that almost fits is refused without backtracking", () => {
    expect(isRepositoryName(`${"a-".repeat(127)}!`)).toBe(false);
  });
});

describe("tags", () => {
  test.each(["a", "A", "_", "1.2.3", "latest", "a-b_c.D", `sha256-${SHA256}`, "x".repeat(128)])(
    "%s is a tag",
    (tag) => {
      expect(isTag(tag)).toBe(true);
    },
  );

  test.each(["", ".a", "-a", "a/b", "a:b", "a b", "a\n", "..", "x".repeat(129), "ü"])("%j is no tag", (tag) => {
    expect(isTag(tag)).toBe(false);
  });
});

describe("digests", () => {
  test("the two registered algorithms are understood", () => {
    expect(parseDigest(`sha256:${SHA256}`)).toEqual({ algorithm: "sha256", hex: SHA256 });
    expect(parseDigest(`sha512:${SHA512}`)).toEqual({ algorithm: "sha512", hex: SHA512 });
  });

  test.each([
    "",
    "sha256:",
    SHA256,
    `sha256:${SHA256}0`,
    `sha256:${SHA256.slice(1)}`,
    `sha256:${SHA256.toUpperCase()}`,
    `sha512:${SHA256}`,
    `md5:${"0".repeat(32)}`,
    `sha256:${"../".repeat(21)}a`,
    `sha256:${SHA256}\n`,
    ` sha256:${SHA256}`,
  ])("%j is no digest", (text) => {
    expect(parseDigest(text)).toBeUndefined();
  });
});
