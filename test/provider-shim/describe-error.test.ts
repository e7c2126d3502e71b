import { expect, test } from "vitest";
import { ImagesyncError } from "../../engine/index.ts";
import { describeError } from "../../provider-shim/describe-error.ts";

const refused = { code: "unsupported", operation: "delete tag", message: "No" } as const;

test.each([
  [
    { ...refused, hint: "Enable deletes" },
    'Enable deletes, or let the image stay when the resource goes: deletion_policy = "retain".',
  ],
  [refused, 'Let the image stay when the resource goes: deletion_policy = "retain".'],
  [{ ...refused, operation: "copy", hint: "Update it" }, "Update it."],
  [{ ...refused, code: "denied", hint: "Log in" } as const, "Log in."],
])("a refused delete is told with what a configuration can do about it (%#)", (fields, expected) => {
  expect(describeError(new ImagesyncError(fields))?.detail).toBe(`No.\n\n${expected}`);
});
