import { describe, expect, test } from "vitest";

import { attributePath, Diagnostics, formatPath } from "../../../provider-shim/protocol/diagnostics.ts";

describe("diagnostics", () => {
  test("keep their order and say everything once", () => {
    const diagnostics = new Diagnostics();
    diagnostics.warning("w", "first");
    diagnostics.error("e", "second", attributePath("a"));
    diagnostics.error("e", "second", attributePath("b"));
    diagnostics.warning("w", "first");
    diagnostics.error("e", "second", attributePath("a"));
    expect(diagnostics.list.map(({ severity, path }) => [severity, path ?? []])).toEqual([
      ["warning", []],
      ["error", [{ attribute: "a" }]],
      ["error", [{ attribute: "b" }]],
    ]);
  });

  test("have errors only when one is an error", () => {
    const diagnostics = new Diagnostics();
    expect(diagnostics.hasErrors).toBe(false);
    diagnostics.warning("w", "w");
    expect(diagnostics.hasErrors).toBe(false);
    diagnostics.error("e", "e");
    expect(diagnostics.hasErrors).toBe(true);
  });
});

describe("an attribute path", () => {
  test("reads as the user writes it", () => {
    expect(formatPath(attributePath("registry_auth", 0, "tags", { key: 'a"b' }))).toBe(
      'registry_auth[0].tags["a\\"b"]',
    );
    expect(formatPath([])).toBe("");
  });
});
