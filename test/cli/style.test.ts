import { expect, test } from "vitest";
import { createStyle } from "../../cli/style.ts";
import { Capture, terminal } from "./invoke.ts";

test("a terminal gets emphasis", () => {
  expect(createStyle(terminal(), {}).bold("x")).toBe("\u001b[1mx\u001b[22m");
});

test.each([
  ["a file or a pipe", new Capture(), {}],
  ["NO_COLOR", terminal(), { NO_COLOR: "1" }],
  ["CLICOLOR=0", terminal(), { CLICOLOR: "0" }],
  ["FORCE_COLOR=0", terminal(), { FORCE_COLOR: "0" }],
  ["NO_COLOR beside FORCE_COLOR", terminal(), { NO_COLOR: "1", FORCE_COLOR: "1" }],
  ["a dumb terminal", terminal(), { TERM: "dumb" }],
] as const)("%s gets plain text", (_name, stream, environment) => {
  const style = createStyle(stream, environment);
  expect([style.bold("x"), style.dim("x"), style.good("x"), style.bad("x")]).toEqual(["x", "x", "x", "x"]);
});

test("an empty NO_COLOR counts as not set, as no-color.org says", () => {
  expect(createStyle(terminal(), { NO_COLOR: "" }).bad("x")).toBe("\u001b[31mx\u001b[39m");
});

test.each([{ FORCE_COLOR: "1" }, { CLICOLOR_FORCE: "1" }, { FORCE_COLOR: "3", TERM: "dumb" }])(
  "a pipe gets emphasis where it is forced: %j",
  (environment) => {
    expect(createStyle(new Capture(), environment).good("x")).toBe("\u001b[32mx\u001b[39m");
  },
);
