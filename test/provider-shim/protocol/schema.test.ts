import { describe, expect, test } from "vitest";

import { completeBlock, schemaMessage, schemaType, type Block } from "../../../provider-shim/protocol/schema.ts";
import { objectValue, UNKNOWN } from "../../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage } from "../../../provider-shim/protocol/wire.ts";

const block: Block = {
  description: "A block.",
  attributes: {
    name: { type: "string", required: true, sensitive: true, description: "A **name**." },
    tags: { type: ["map", "string"], optional: true, computed: true, deprecated: "Use labels.", description: "Tags." },
  },
  blocks: {
    rule: {
      nesting: "list",
      min: 1,
      max: 3,
      block: {
        description: "A rule.",
        attributes: { on: { type: "bool", optional: true, description: "On." } },
        blocks: { part: { nesting: "set", block: { description: "A part.", attributes: {} } } },
      },
    },
    timeouts: { nesting: "single", block: { description: "Timeouts.", attributes: {} } },
  },
};

describe("a schema", () => {
  test("has a type with its nested blocks", () => {
    expect(schemaType(block)).toEqual([
      "object",
      {
        name: "string",
        tags: ["map", "string"],
        rule: ["list", ["object", { on: "bool", part: ["set", ["object", {}]] }]],
        timeouts: ["object", {}],
      },
    ]);
  });

  test.each([5, 6] as const)("is sent over protocol %i with its flags, limits and Markdown", (protocol) => {
    const bytes = encodeMessage(protocol, "Schema", schemaMessage({ version: 2, block }));
    const message = decodeMessage(protocol, "Schema", bytes);
    expect(message.version).toBe(2);
    const [name, tags] = message.block?.attributes ?? [];
    expect(name).toMatchObject({ name: "name", required: true, optional: false, computed: false, sensitive: true });
    expect(name).toMatchObject({ description: "A **name**.", description_kind: 1, deprecated: false });
    expect(Buffer.from(tags?.type ?? []).toString()).toBe('["map","string"]');
    expect(tags).toMatchObject({
      optional: true,
      computed: true,
      deprecated: true,
      deprecation_message: "Use labels.",
    });
    const [rule, timeouts] = message.block?.block_types ?? [];
    expect(rule).toMatchObject({ type_name: "rule", nesting: 2, min_items: 1, max_items: 3 });
    expect(rule?.block?.block_types[0]).toMatchObject({ type_name: "part", nesting: 3, min_items: 0, max_items: 0 });
    expect(timeouts).toMatchObject({ type_name: "timeouts", nesting: 1 });
  });

  test("completes absent lists and sets of blocks at every level, and nothing else", () => {
    expect(completeBlock(block, objectValue({ name: "a" }))).toEqual({ name: "a", rule: [], timeouts: null });
    expect(completeBlock(block, objectValue({ rule: [objectValue({ on: true })], timeouts: objectValue({}) }))).toEqual(
      {
        rule: [{ on: true, part: [] }],
        timeouts: {},
      },
    );
    expect(completeBlock(block, objectValue({ rule: UNKNOWN }))).toEqual({ rule: UNKNOWN, timeouts: null });
  });
});
