import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Decimal, numberFromInteger, parseDecimal } from "../../../provider-shim/protocol/decimal.ts";

describe("parseDecimal", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["-12", -12],
    ["+7", 7],
    ["0.5", 0.5],
    ["1.50", 1.5],
    ["1e3", 1000],
    ["12.5e-1", 1.25],
    ["18446744073709551616", 2 ** 64],
    ["0e999999", 0],
  ])("takes %s as a double", (text, expected) => {
    expect(parseDecimal(text)).toBe(expected);
  });

  test.each(["0.1", "9007199254740993", "1e400", "1e-400", "1e-324", "-3.3", "123456789012345678901234567890"])(
    "keeps %s as it is, since no double holds it",
    (text) => {
      expect(parseDecimal(text)).toEqual(new Decimal(text));
    },
  );

  test.each(["", "abc", "1.", ".5", "0x10", "1e", "NaN", "Infinity", " 1", "1 ", "1e99999999", "9".repeat(5000)])(
    "refuses %j",
    (text) => {
      expect(parseDecimal(text)).toBe(undefined);
    },
  );

  test("finds the double in every exact decimal expansion, and none when one digit differs", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 80 }), (numerator, places) => {
        // numerator / 2^places is numerator * 5^places / 10^places.
        const digits = (BigInt(Math.abs(numerator)) * 5n ** BigInt(places)).toString().padStart(places + 1, "0");
        const sign = numerator < 0 ? "-" : "";
        const text = `${sign}${digits.slice(0, digits.length - places)}${places > 0 ? "." : ""}${digits.slice(digits.length - places)}`;
        expect(parseDecimal(text)).toBe(numerator / 2 ** places + 0);
        const other = `${text}${places > 0 ? "" : "."}0001`;
        expect(parseDecimal(other)).toEqual(new Decimal(other));
      }),
    );
  });
});

describe("numberFromInteger", () => {
  test("keeps integers exact, within doubles and beyond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (integer) => {
        const number = numberFromInteger(integer);
        expect(BigInt(number instanceof Decimal ? number.text : number)).toBe(integer);
      }),
    );
  });
});
