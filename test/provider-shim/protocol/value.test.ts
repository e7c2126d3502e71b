import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { CtyType } from "../../../provider-shim/protocol/cty-type.ts";
import { Decimal } from "../../../provider-shim/protocol/decimal.ts";
import { decodeValue } from "../../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../../provider-shim/protocol/value-encode.ts";
import { ValueError } from "../../../provider-shim/protocol/value-error.ts";
import { objectValue, UNKNOWN, type Value } from "../../../provider-shim/protocol/value.ts";
import { anyType, anyValue } from "./arbitrary-value.ts";

function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** What decoding throws. */
function failure(type: CtyType, bytes: Uint8Array): ValueError {
  try {
    decodeValue(type, bytes);
  } catch (error) {
    if (error instanceof ValueError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}

describe("values", () => {
  test("survive encoding and decoding, whatever their type", () => {
    fc.assert(
      fc.property(
        anyType.chain((type) => anyValue(type).map((value) => [type, value] as const)),
        ([type, value]) => {
          expect(decodeValue(type, encodeValue(type, value))).toEqual(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("survive encoding when they need long lengths", () => {
    const long = "x".repeat(70_000);
    const many = Array.from({ length: 70_000 }, (_, index) => index);
    expect(decodeValue("string", encodeValue("string", long))).toBe(long);
    expect(decodeValue(["list", "number"], encodeValue(["list", "number"], many))).toEqual(many);
    const map = new Map(many.map((index) => [String(index), "y".repeat(40)]));
    expect(decodeValue(["map", "string"], encodeValue(["map", "string"], map))).toEqual(map);
  });

  test.each<[string, CtyType, Value, string]>([
    ["null", "string", null, "c0"],
    ["unknown", "string", UNKNOWN, "d40000"],
    ["true", "bool", true, "c3"],
    ["text", "string", "añb", "a461c3b162"],
    ["a small integer", "number", 7, "07"],
    ["a negative integer", "number", -33, "d0df"],
    ["a 16-bit integer", "number", 300, "cd012c"],
    ["a 32-bit integer", "number", 70_000, "ce00011170"],
    ["a large negative integer", "number", -70_000, "d2fffeee90"],
    ["a 64-bit integer", "number", 2 ** 40, "cf0000010000000000"],
    ["a 64-bit integer beyond doubles", "number", new Decimal("9223372036854775807"), "cf7fffffffffffffff"],
    ["a half", "number", 0.5, "cb3fe0000000000000"],
    ["a decimal fraction", "number", new Decimal("0.1"), "a3302e31"],
    ["a list", ["list", "bool"], [true, null], "92c3c0"],
    ["a map", ["map", "number"], new Map([["k", 1]]), "81a16b01"],
    ["an object", ["object", { a: "string", b: "bool" }], objectValue({ a: "x", b: null }), "82a161a178a162c0"],
    ["a dynamic value", "dynamic", { type: "string", value: "x" }, "92c40822737472696e6722a178"],
    ["a dynamic unknown", "dynamic", UNKNOWN, "d40000"],
  ])("have the bytes that Terraform writes: %s", (_what, type, value, expected) => {
    expect(hexOf(encodeValue(type, value))).toBe(expected);
    expect(decodeValue(type, hex(expected))).toEqual(value);
  });

  test.each([
    ["not null", "c7 03 0c 81 01 c2"],
    ["a known prefix", "c7 0a 0c 82 01 c2 02 a5 68 65 6c 6c 6f"],
    ["one byte of any extension", "d4 05 00"],
    ["sixteen bytes", `d8 0c ${"00".repeat(16)}`],
    ["a 16-bit length", `c8 0001 0c 00`],
  ])("are unknown also when refined: %s", (_what, bytes) => {
    expect(decodeValue("string", hex(bytes))).toBe(UNKNOWN);
    expect(decodeValue(["list", "string"], hex(bytes))).toBe(UNKNOWN);
  });

  test("get null for every attribute that the provider leaves out", () => {
    const type: CtyType = ["object", { a: "string", b: ["list", "string"] }];
    expect(hexOf(encodeValue(type, objectValue({ a: "x" })))).toBe("82a161a178a162c0");
  });

  test("are normalised as Terraform does it", () => {
    expect(decodeValue("string", Buffer.from("a465cc8178", "hex"))).toBe("\u00e9x");
  });

  test("of an attribute called __proto__ are attributes and nothing else", () => {
    const type = ["object", { ["__proto__"]: "string", a: "string" }] as const;
    const decoded = decodeValue(type, hex("82 a9 5f5f70726f746f5f5f a178 a161 a179"));
    expect(Object.getPrototypeOf(decoded)).toBe(null);
    expect(Object.keys(decoded as object)).toEqual(["__proto__", "a"]);
    expect(({} as { a?: unknown }).a).toBe(undefined);
  });
});

describe("decoding refuses", () => {
  test.each<[string, CtyType, string, string]>([
    ["no bytes", "string", "", "MessagePack ends too early"],
    ["a truncated string", "string", "a5 6161", "MessagePack ends too early"],
    ["a truncated number", "number", "cb 0000", "MessagePack ends too early"],
    ["a truncated extension", "string", "c7 ff 0c", "MessagePack ends too early"],
    ["a list of four thousand million elements", ["list", "string"], "dd ffffffff", "ends within a collection"],
    ["a map of four thousand million elements", ["map", "string"], "df ffffffff a0", "ends within a collection"],
    ["bytes after the value", "string", "a0 a0", "Bytes follow after the value"],
    ["a reserved byte", "string", "c1", "Invalid MessagePack byte 0xc1"],
    ["a number for a text", "string", "01", "Expected a string, got integer"],
    ["a text for a bool", "bool", "a0", "Expected a bool, got string"],
    ["a word for a number", "number", "a3 616263", "Expected a number, got string"],
    ["not-a-number", "number", "cb 7ff8000000000000", "Expected a number, got float"],
    ["invalid UTF-8", "string", "a1 ff", "String is not valid UTF-8"],
    ["a map for a list", ["list", "string"], "80", "Expected a list, got map"],
    ["a number as a key", ["map", "string"], "81 01 a0", "Expected a key, got integer"],
    ["the same key twice", ["map", "bool"], "82 a161 c3 a161 c3", 'Key "a" occurs twice'],
    ["a tuple of another length", ["tuple", ["bool"]], "92 c3 c3", "A tuple of 1 elements is required, got 2"],
    ["a missing attribute", ["object", { a: "bool" }], "80", 'Attribute "a" is missing'],
    ["a foreign attribute", ["object", {}], "81 a161 c3", 'Attribute "a" is not in the schema'],
    ["a hidden prototype", ["object", {}], "81 a9 5f5f70726f746f5f5f 80", '"__proto__" is not in the schema'],
    ["an inherited name", ["object", {}], "81 ab 636f6e7374727563746f72 c0", '"constructor" is not in the schema'],
    ["the same attribute twice", ["object", { a: "bool" }], "82 a161 c3 a161 c3", 'Attribute "a" occurs twice'],
    ["a dynamic value without type", "dynamic", "92 a178 a178", "Expected the type of a dynamic value"],
    ["a dynamic value of an unknown type", "dynamic", "92 c4 03 227822 a178", 'Not a type: "x"'],
    ["a dynamic value whose type is no JSON", "dynamic", "92 c4 01 7b a178", "JSON"],
  ])("%s", (_what, type, bytes, problem) => {
    expect(failure(type, hex(bytes)).message).toContain(problem);
  });

  test("a type that is nested a hundred thousand times", () => {
    const json = `${'["list",'.repeat(100_000)}"string"${"]".repeat(100_000)}`;
    const header = Buffer.from([0x92, 0xc6, 0, 0, 0, 0]);
    header.writeUInt32BE(json.length, 2);
    const bytes = Buffer.concat([header, Buffer.from(json), Buffer.from([0xc0])]);
    expect(failure("dynamic", bytes).message).toMatch(/deeper|call stack/);
  });

  test("dynamic values that are nested ten thousand times", () => {
    const layer = Buffer.from("92c40922" + Buffer.from("dynamic").toString("hex") + "22", "hex");
    const bytes = Buffer.concat([...Array.from({ length: 10_000 }, () => layer), Buffer.from([0xc0])]);
    expect(failure("dynamic", bytes).message).toContain("Dynamic values are nested too deep");
  });

  test("more than a million parts", () => {
    const bytes = Buffer.alloc(2_000_005, 0xc0);
    bytes.set(hex("dd 001e8480"));
    expect(failure(["list", "string"], bytes).message).toContain("Value has more than 1000000 parts");
  });

  test("with the path of the offending part, which ends in front of a set", () => {
    const type: CtyType = ["object", { l: ["list", ["map", "bool"]], s: ["set", ["object", { x: "bool" }]] }];
    const list = failure(type, hex("82 a16c 92 80 81 a16b 01 a173 90"));
    expect(list.path).toEqual([{ attribute: "l" }, { key: 1 }, { key: "k" }]);
    expect(list.message).toBe('l[1]["k"]: Expected a bool, got integer');
    const set = failure(type, hex("82 a16c 90 a173 91 81 a178 01"));
    expect(set.path).toEqual([{ attribute: "s" }]);
  });

  test("any bytes only ever with one kind of error", () => {
    fc.assert(
      fc.property(anyType, fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        let thrown: unknown;
        try {
          decodeValue(type, bytes);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === undefined || thrown instanceof ValueError).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encoding refuses", () => {
  test.each<[string, CtyType, Value, string]>([
    ["a number for a text", "string", 1, "Expected a value of type string, got a number"],
    ["not-a-number", "number", Number.NaN, "Expected a value of type number"],
    ["a decimal without digits", "number", new Decimal("abc"), "Expected a value of type number"],
    ["a text for a list", ["list", "string"], "x", "Expected a value of type list"],
    ["a list for an object", ["object", {}], [], "Expected a value of type object, got an array of 0"],
    ["an object for a map", ["map", "string"], objectValue({}), "Expected a value of type map"],
    ["a misspelt attribute", ["object", { a: "string" }], objectValue({ b: "x" }), '"b" is not in the schema'],
    ["a bare text as a dynamic value", "dynamic", "x", "Expected a value of type dynamic"],
  ])("%s", (_what, type, value, problem) => {
    expect(() => encodeValue(type, value)).toThrow(problem);
    expect(() => encodeValue(type, value)).toThrow(ValueError);
  });

  test("without quoting the value, which may be a secret", () => {
    const type: CtyType = ["object", { password: "bool" }];
    expect(() => encodeValue(type, objectValue({ password: "hunter2" }))).toThrow(
      "password: Expected a value of type bool, got a string",
    );
  });
});
