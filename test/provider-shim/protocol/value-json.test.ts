import { describe, expect, test } from "vitest";

import type { CtyType } from "../../../provider-shim/protocol/cty-type.ts";
import { Decimal } from "../../../provider-shim/protocol/decimal.ts";
import { ValueError } from "../../../provider-shim/protocol/value-error.ts";
import { parseJson, valueFromJson } from "../../../provider-shim/protocol/value-json.ts";
import { objectValue } from "../../../provider-shim/protocol/value.ts";

const type: CtyType = [
  "object",
  { name: "string", count: "number", tags: ["map", "string"], rules: ["list", ["object", { on: "bool" }]] },
];

function parse(json: string): unknown {
  return valueFromJson(type, parseJson(Buffer.from(json)));
}

describe("values from JSON", () => {
  test("drop attributes that the schema no longer has and add null for new ones", () => {
    expect(parse('{"name":"a","gone":{"deep":[1]},"rules":[{"on":true,"off":false}]}')).toEqual(
      objectValue({ name: "a", count: null, tags: null, rules: [objectValue({ on: true })] }),
    );
  });

  test("take a key called __proto__ in a map for a key, and drop it from an object", () => {
    const value = parse('{"name":"a","__proto__":{"polluted":true},"tags":{"__proto__":"x"}}');
    expect(value).toMatchObject({ tags: new Map([["__proto__", "x"]]) });
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test("keep digits that a double would lose", () => {
    expect(parse('{"count":0.1}')).toMatchObject({ count: new Decimal("0.1") });
    expect(parse('{"count":12345678901234567890123}')).toMatchObject({ count: new Decimal("12345678901234567890123") });
    expect(parse('{"count":1.50}')).toMatchObject({ count: 1.5 });
    expect(parse('{"count":"7"}')).toMatchObject({ count: 7 });
  });

  test("read a dynamic value by the type beside it", () => {
    expect(valueFromJson("dynamic", { type: ["list", "bool"], value: [true] })).toEqual({
      type: ["list", "bool"],
      value: [true],
    });
    expect(() => valueFromJson("dynamic", { type: "date", value: 1 })).toThrow('Not a type: "date"');
  });

  test.each([
    ['{"name":1}', "name: Expected a value of type string, got a number"],
    ['{"rules":{}}', "rules: Expected a value of type list, got a object"],
    ['{"rules":[{"on":"x"}]}', "rules[0].on: Expected a value of type bool, got a string"],
    ['{"tags":[]}', "tags: Expected a value of type map, got an array"],
    ['{"count":"x"}', "count: Expected a value of type number, got a string"],
    ["[]", "Expected a value of type object, got an array"],
  ])("are refused with their path: %s", (json, message) => {
    expect(() => parse(json)).toThrow(ValueError);
    expect(() => parse(json)).toThrow(message);
  });

  test("are refused when they are no JSON, no UTF-8, or nested without end", () => {
    expect(() => parse("{")).toThrow(SyntaxError);
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(TypeError);
    expect(() => parse(`${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`)).toThrow("JSON is nested too deep");
  });
});
