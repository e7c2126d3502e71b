import { expect, test } from "vitest";
import { createStyle } from "../../cli/style.ts";
import { Capture, terminal } from "./invoke.ts";

test("a terminal gets emphasis", () => {
  expect(createStyle(terminal(), {}).bold("x")).toBe("\u001b[1mx\u001b[22m");
});

test.each([
  ["a file or a pipe", new Capture(), {}],
  ["NO_COLOR", terminal(), { NO_COLOR: "1" }],
  ["a dumb terminal", terminal(), { TERM: "dumb" }],
] as const)("%s gets plain text", (_name, stream, environment) => {
  const style = createStyle(stream, environment);
  expect([style.bold("x"), style.dim("x"), style.good("x"), style.bad("x")]).toEqual(["x", "x", "x", "x"]);
});

test("an empty NO_COLOR counts as not set, as no-color.org says", () => {
  expect(createStyle(terminal(), { NO_COLOR: "" }).bad("x")).toBe("\u001b[31mx\u001b[39m");
});
