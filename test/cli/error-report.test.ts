import { expect, test } from "vitest";
import { renderError } from "../../cli/error-report.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { ImagesyncError, toImagesyncError } from "../../engine/index.ts";

test("an error is its message and what to do", () => {
  expect(renderError(new UsageError("No", "Write it so"), {})).toBe("Error: No\n  Write it so\n");
});

test("an error without advice is one line", () => {
  const error = new ImagesyncError({ code: "unavailable", operation: "get blob", message: "Cannot get" });
  expect(renderError(error, {})).toBe("Error: Cannot get\n");
});

test("text of a registry cannot steer the terminal or fake a second error", () => {
  const error = new ImagesyncError({
    code: "denied",
    operation: "x",
    message: "no\u001b[1A\nError: fake",
    hint: "a\rb",
  });
  expect(renderError(error, {})).toBe("Error: no [1A Error: fake\n  a b\n");
});

test("a stack trace is shown for a defect only, and only with IMAGESYNC_DEBUG=1", () => {
  const defect = toImagesyncError(new TypeError("x is undefined"), "copy");
  expect(renderError(defect, {})).not.toMatch(/^ +at /m);
  expect(renderError(defect, { IMAGESYNC_DEBUG: "1" })).toMatch(/^ +at /m);
  const ordinary = new ImagesyncError({ code: "denied", operation: "x", message: "no", cause: new Error("inner") });
  expect(renderError(ordinary, { IMAGESYNC_DEBUG: "1" })).toBe("Error: no\n");
});
