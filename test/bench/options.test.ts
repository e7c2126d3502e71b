import { expect, test } from "vitest";
import { parseOptions } from "../../bench/options.ts";

test("without arguments all scenarios run with their own repetitions, and every peer is required", () => {
  expect(parseOptions([])).toEqual({
    scenarios: [],
    repeat: undefined,
    quick: false,
    allowMissingPeers: false,
    write: undefined,
    help: false,
  });
});

test("scenarios may be repeated", () => {
  expect(parseOptions(["--scenario", "a", "--scenario", "b", "--repeat", "3"])).toMatchObject({
    scenarios: ["a", "b"],
    repeat: 3,
  });
});

test.each(["0", "-1", "1.5", "many", "", "1000"])("--repeat %j is refused", (text) => {
  expect(() => parseOptions([`--repeat=${text}`])).toThrow(/--repeat takes a number/);
});

test("an option that does not exist is refused", () => {
  expect(() => parseOptions(["--fast"])).toThrow(TypeError);
});
