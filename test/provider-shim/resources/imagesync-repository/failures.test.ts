import { expect, test } from "vitest";
import { failureText } from "../../../../provider-shim/resources/imagesync-repository/failures.ts";

test("failures of tags are listed by tag, with what to do once", () => {
  const hint = "Log in";
  const failures = ["b", "a"].map((tag) => ({ tag, message: `No ${tag}`, hint }));
  expect(failureText(failures)).toBe("- a: No a.\n- b: No b.\n\nLog in.");
});

test("five hundred failures are ten lines and a number", () => {
  const failures = Array.from({ length: 500 }, (_, at) => ({ tag: `v${at}`, message: "No" }));
  const lines = failureText(failures).split("\n");
  expect(lines.length).toBe(11);
  expect(lines.at(-1)).toBe("- and 490 more");
});
