import { expect, test } from "vitest";
import { exitCodeOf, exitCodes, exitCodeTable } from "../../cli/exit-codes.ts";

test("the exit codes are those that scripts rely on", () => {
  expect(exitCodes).toEqual({
    ok: 0,
    failed: 1,
    changes: 2,
    sourceNotFound: 3,
    conflict: 4,
    usage: 64,
    interrupted: 130,
    terminated: 143,
  });
});

test("the help explains every exit code", () => {
  const explained = exitCodeTable.split("\n").flatMap((line) => /^ {2}(\d+) /.exec(line)?.[1] ?? []);
  expect(explained.map(Number)).toEqual(Object.values(exitCodes));
});

test.each([
  [{ code: "invalid-reference" }, 64],
  [{ code: "config" }, 64],
  [{ code: "not-found", side: "source" }, 3],
  [{ code: "not-found", side: "destination" }, 1],
  [{ code: "not-found" }, 1],
  [{ code: "conflict" }, 4],
  [{ code: "immutable" }, 4],
  [{ code: "aborted" }, 130],
  [{ code: "unauthorized", side: "source" }, 1],
  [{ code: "internal" }, 1],
] as const)("%j ends with %d", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
