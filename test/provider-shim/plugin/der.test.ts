import { describe, expect, test } from "vitest";

import { der, oid, positiveInteger, time } from "../../../provider-shim/plugin/der.ts";

describe("DER", () => {
  test.each([
    [0, "0400"],
    [127, "047f"],
    [128, "048180"],
    [255, "0481ff"],
    [256, "04820100"],
    [65_536, "0483010000"],
  ])("writes a length of %i in its shortest form", (length, header) => {
    const encoded = der(0x04, Buffer.alloc(length));
    expect(encoded.subarray(0, encoded.length - length).toString("hex")).toBe(header);
  });

  test("writes integers in the fewest bytes that keep them positive", () => {
    const hex = (bytes: number[]): string => positiveInteger(Buffer.from(bytes)).toString("hex");
    expect(hex([0])).toBe("020100");
    expect(hex([0x7f])).toBe("02017f");
    expect(hex([0x80])).toBe("02020080");
    expect(hex([0, 0, 1])).toBe("020101");
  });

  test("writes object identifiers with arcs of any size", () => {
    expect(oid(1, 2, 840, 10045, 4, 3, 2).toString("hex")).toBe("06082a8648ce3d040302");
  });

  test("writes years with two digits until 2049 and with four afterwards", () => {
    expect(time(new Date("2049-12-31T23:59:59Z")).toString("latin1")).toBe("\u0017\r491231235959Z");
    expect(time(new Date("2050-01-01T00:00:00Z")).toString("latin1")).toBe("\u0018\u000f20500101000000Z");
  });
});
