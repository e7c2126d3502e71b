import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../engine/errors.ts";
import { LearntCapabilities } from "../../../engine/graph/capabilities.ts";

const name = { registry: "r.example", repository: "team/app" };
const other = { registry: "r.example", repository: "team/other" };

function refused(status: number, registryCode?: string): { status: number; error: Error } {
  return {
    status,
    error: new ImagesyncError({ code: "unsupported", operation: "delete tag", message: "Refused", registryCode }),
  };
}

describe("what a registry can do is learnt from its answers to deletes", () => {
  test.each([200, 202, 204, 404])("%i shows that the delete was understood", (status) => {
    const learnt = new LearntCapabilities();
    learnt.learnFromDelete(name, "deletesByDigest", { status });
    expect(learnt.of(name)).toEqual({ deletesByDigest: true });
  });

  test.each([
    ["deletesByTag", refused(400, "DIGEST_INVALID")],
    ["deletesByTag", refused(400, "UNSUPPORTED")],
    ["deletesByTag", refused(405, "UNSUPPORTED")],
    ["deletesByDigest", refused(405)],
    ["deletesBlobs", refused(501)],
  ] as const)("%s is given up after a refusal of the operation itself", (capability, answer) => {
    const learnt = new LearntCapabilities();
    learnt.learnFromDelete(name, capability, answer);
    expect(learnt.of(name)).toEqual({ [capability]: false });
  });

  test.each([
    ["deletesByDigest", refused(405, "DENIED")],
    ["deletesByDigest", refused(400, "DIGEST_INVALID")],
    ["deletesByDigest", refused(403, "DENIED")],
    ["deletesByTag", refused(401)],
    ["deletesBlobs", refused(500)],
    ["deletesBlobs", refused(429)],
  ] as const)("nothing is learnt of %s from a refusal that is about the one object or login", (capability, answer) => {
    const learnt = new LearntCapabilities();
    learnt.learnFromDelete(name, capability, answer);
    expect(learnt.of(name)).toEqual({});
  });

  test("one locked object does not take away what has worked", () => {
    const learnt = new LearntCapabilities();
    learnt.learnFromDelete(name, "deletesByTag", { status: 202 });
    learnt.learnFromDelete(name, "deletesByTag", refused(405, "UNSUPPORTED"));
    expect(learnt.of(name).deletesByTag).toBe(true);
  });
});

test("what was learnt goes before what was known in advance, of that repository only", () => {
  const learnt = new LearntCapabilities();
  learnt.learn(name, "deletesByTag", false);
  const inAdvance = { deletesByTag: true, referrers: true };
  expect(learnt.of(name, inAdvance)).toEqual({ deletesByTag: false, referrers: true });
  expect(learnt.of(other, inAdvance)).toEqual(inAdvance);
});
