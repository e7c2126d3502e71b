import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { messages, type MessageName } from "../../../provider-shim/protocol/messages.ts";
import { decodeMessage, encodeMessage } from "../../../provider-shim/protocol/wire.ts";

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const messageNames = Object.keys(messages) as MessageName[];

describe("messages", () => {
  test("have the field numbers of the protocol", () => {
    const diagnostic = {
      severity: 1,
      summary: "s",
      detail: "d",
      attribute: { steps: [{ attribute_name: "a" }, { element_key_int: 0 }, { element_key_string: "" }] },
    };
    // 08 01: severity; 12, 1a: texts; 22: the path with steps 0a; a zero index and an empty key are sent.
    expect(hexOf(encodeMessage(6, "Diagnostic", diagnostic))).toBe("08011201731a0164220d0a030a01610a0218000a021200");
  });

  test("have write_only in field 10 of protocol 5 and in field 11 of protocol 6", () => {
    expect(hexOf(encodeMessage(5, "Attribute", { write_only: true }))).toBe("5001");
    expect(hexOf(encodeMessage(6, "Attribute", { write_only: true }))).toBe("5801");
    expect(decodeMessage(5, "Attribute", Buffer.from("5001", "hex")).write_only).toBe(true);
  });

  test("say that a value is present even when it is empty", () => {
    expect(hexOf(encodeMessage(6, "ReadResourceResponse", { new_state: {} }))).toBe("0a00");
    expect(decodeMessage(6, "ReadResourceResponse", Buffer.from("0a00", "hex")).new_state).toMatchObject({
      msgpack: new Uint8Array(),
    });
    expect(decodeMessage(6, "ReadResourceResponse", new Uint8Array()).new_state).toBe(undefined);
  });

  test("carry negative integers", () => {
    const bytes = encodeMessage(6, "UpgradeResourceStateRequest", { version: -1 });
    expect(hexOf(bytes)).toBe("10ffffffffffffffffff01");
    expect(decodeMessage(6, "UpgradeResourceStateRequest", bytes).version).toBe(-1);
  });

  test("carry planned_private in field 9 and the wish for it in field 3 of the capabilities", () => {
    const request = decodeMessage(6, "PlanResourceChangeRequest", Buffer.from("3a0218014a0178", "hex"));
    expect(request.client_capabilities?.store_planned_private).toBe(true);
    expect(Buffer.from(request.planned_private).toString()).toBe("x");
  });

  test("carry maps with any key", () => {
    const flatmap = new Map([
      ["", "empty"],
      ["__proto__", "x"],
    ]);
    expect(decodeMessage(6, "RawState", encodeMessage(6, "RawState", { flatmap })).flatmap).toEqual(flatmap);
    const schemas = new Map([["t", { version: 3 }]]);
    const response = encodeMessage(6, "GetProviderSchemaResponse", { resource_schemas: schemas });
    expect(decodeMessage(6, "GetProviderSchemaResponse", response).resource_schemas.get("t")?.version).toBe(3);
  });

  test("skip fields that a newer Terraform adds", () => {
    // Field 100 as varint, as bytes, as eight bytes, then the id.
    const bytes = Buffer.from("a00601a2060161a1060000000000000000120169", "hex");
    expect(decodeMessage(6, "ImportResourceStateRequest", bytes).id).toBe("i");
  });

  test.each([
    ["a truncated text", "1205"],
    ["a text cut off in its second field", "1201610a01"],
    ["a number where a text belongs", "1001"],
    ["invalid UTF-8", "1201ff"],
    ["an endless varint", "ff".repeat(20)],
  ])("are refused by name when malformed: %s", (_what, hex) => {
    expect(() => decodeMessage(6, "ImportResourceStateRequest", Buffer.from(hex, "hex"))).toThrow(
      "Malformed ImportResourceStateRequest message",
    );
  });

  test("are refused when an integer is out of range", () => {
    const bytes = Buffer.from("10ffffffffffffffff7f", "hex");
    expect(() => decodeMessage(6, "UpgradeResourceStateRequest", bytes)).toThrow("integer out of range");
  });

  test("of any bytes decode or fail with one error", () => {
    fc.assert(
      fc.property(fc.constantFrom(...messageNames), fc.uint8Array({ maxLength: 80 }), (name, bytes) => {
        let outcome: string;
        try {
          outcome = Object.keys(decodeMessage(6, name, bytes)).join(",");
        } catch (error) {
          outcome = (error as Error).message.replace(/:.*/s, "");
        }
        expect([Object.keys(messages[name]).join(","), `Malformed ${name} message`]).toContain(outcome);
      }),
      { numRuns: 2000 },
    );
  });

  test("survive encoding and decoding", () => {
    const step = fc.oneof(
      fc.record({ attribute_name: fc.string({ unit: "grapheme" }) }),
      fc.record({ element_key_int: fc.maxSafeInteger() }),
    );
    const diagnostic = fc.record({
      severity: fc.integer({ min: 0, max: 2 }),
      summary: fc.string({ unit: "grapheme" }),
      detail: fc.string({ unit: "grapheme" }),
      attribute: fc.record({ steps: fc.array(step) }),
    });
    fc.assert(
      fc.property(fc.array(diagnostic), fc.uint8Array(), (diagnostics, bytes) => {
        const encoded = encodeMessage(5, "ReadResourceResponse", { diagnostics, private: bytes });
        expect(decodeMessage(5, "ReadResourceResponse", encoded)).toEqual({
          new_state: undefined,
          diagnostics,
          private: bytes,
        });
      }),
    );
  });
});
