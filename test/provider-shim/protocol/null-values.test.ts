import { expect, test } from "vitest";
import { attributePath, Diagnostics, formatPath } from "../../../provider-shim/protocol/diagnostics.ts";
import { refuseNull } from "../../../provider-shim/protocol/null-values.ts";
import type { Block } from "../../../provider-shim/protocol/schema.ts";
import { objectValue, UNKNOWN, type Value } from "../../../provider-shim/protocol/value.ts";

const rule: Block = {
  description: "A rule.",
  attributes: {
    on: { type: "string", required: true, description: "On." },
    names: { type: ["list", "string"], optional: true, description: "Names." },
  },
};

const block: Block = {
  description: "A block.",
  attributes: {
    name: { type: "string", required: true, description: "A name." },
    note: { type: "string", optional: true, description: "A note." },
    tags: { type: ["set", "string"], optional: true, description: "Tags." },
    triggers: { type: ["map", "string"], optional: true, description: "Triggers." },
  },
  blocks: { rule: { nesting: "list", block: rule }, limits: { nesting: "single", block: rule } },
};

function findings(config: Readonly<Record<string, Value>>): readonly string[] {
  const diagnostics = new Diagnostics();
  refuseNull(block, objectValue(config), diagnostics);
  return diagnostics.list.map(({ summary, path }) => `${summary} at ${formatPath(path ?? attributePath())}`);
}

const fine = { name: "x", note: null, tags: null, triggers: null, rule: [], limits: null };

test("a null where a value may be left out, and in a map, is no fault", () => {
  expect(findings({ ...fine, triggers: new Map([["a", null]]) })).toEqual([]);
});

test("what is not known yet is not null", () => {
  const inner = objectValue({ on: UNKNOWN, names: [UNKNOWN] });
  expect(findings({ ...fine, name: UNKNOWN, tags: UNKNOWN, rule: [UNKNOWN, inner], limits: UNKNOWN })).toEqual([]);
  expect(findings({ ...fine, tags: [UNKNOWN, "a"], rule: UNKNOWN })).toEqual([]);
});

test("null for a required attribute and among elements is told with its place, in nested blocks too", () => {
  const inner = objectValue({ on: null, names: ["a", null, null] });
  const good = objectValue({ on: "a", names: null });
  expect(findings({ ...fine, name: null, tags: [null], rule: [good, inner], limits: inner })).toEqual([
    "Missing name at name",
    "Invalid tags at tags",
    "Missing on at rule[1].on",
    "Invalid names at rule[1].names",
    "Missing on at limits.on",
    "Invalid names at limits.names",
  ]);
});
