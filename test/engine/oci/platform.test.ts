import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPlatform, matchesPlatform, normalisePlatform, parsePlatform } from "../../../engine/oci/platform.ts";
import { failureOf } from "../failure.ts";

describe("a platform is read", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["Linux/AMD64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/v6", "linux/arm/v6"],
    ["linux/i386", "linux/386"],
    ["windows/amd64", "windows/amd64"],
    ["wasip1/wasm", "wasip1/wasm"],
    // Names of what every JavaScript object has are names like any other.
    ["linux/constructor", "linux/constructor"],
    ["constructor/valueof", "constructor/valueof"],
  ])("%s as %s", (text, meant) => {
    expect(formatPlatform(parsePlatform(text))).toBe(meant);
  });
});

test.each([
  "",
  "/",
  "linux",
  "linux/",
  "/amd64",
  "linux/amd64/",
  "linux/amd64/v1/x",
  "linux amd64",
  "linux/amd64\n",
  "linux/../amd64",
  "linux/ämd64",
  "*/*",
  "linux/__proto__",
  `linux/${"a".repeat(65)}`,
  "a/".repeat(100_000),
])("%j is no platform", (text) => {
  expect(() => parsePlatform(text)).toThrow(
    expect.objectContaining({ code: "config", message: expect.stringMatching(/^Invalid platform "/) }) as Error,
  );
});

test.each([
  ["linux/arm64", { os: "linux", architecture: "arm64", variant: "v8" }, true],
  ["linux/arm64/v8", { os: "linux", architecture: "arm64" }, true],
  ["linux/arm64", { os: "linux", architecture: "aarch64" }, true],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v7" }, true],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v6" }, false],
  ["linux/amd64", { os: "linux", architecture: "amd64", variant: "v3" }, false],
  ["linux/amd64", { os: "linux", architecture: "amd64", variant: "" }, true],
  ["windows/amd64", { os: "windows", architecture: "amd64", osVersion: "10.0.20348.1" }, true],
  ["linux/amd64", { os: "windows", architecture: "amd64" }, false],
  ["linux/amd64", { os: "linux", architecture: "constructor" }, false],
  ["linux/amd64", { os: "linux", architecture: "__proto__" }, false],
])("who asks for %s, given %o: %s", (wanted, have, matches) => {
  expect(matchesPlatform(parsePlatform(wanted), have)).toBe(matches);
});

const part = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);

test("what is formatted is read as the same platform", () => {
  fc.assert(
    fc.property(part, part, fc.option(part, { nil: undefined }), (os, architecture, variant) => {
      const platform = normalisePlatform({ os, architecture, variant });
      expect(parsePlatform(formatPlatform(platform))).toEqual(platform);
      expect(normalisePlatform(platform)).toEqual(platform);
      expect(matchesPlatform(platform, { os, architecture, variant })).toBe(true);
    }),
  );
});

test("any other text ends in an error of ours", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
      const error = await failureOf(() => parsePlatform(text));
      expect(error?.code ?? "config").toBe("config");
    }),
  );
});
