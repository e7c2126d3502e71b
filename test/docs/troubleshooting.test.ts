import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../cli/exit-codes.ts";
import { type ErrorCode, ImagesyncError } from "../../engine/errors.ts";
import { describeError } from "../../provider-shim/describe-error.ts";
import { documentOf, root, tableUnder } from "./markdown.ts";
import { explainedCodes, titlesUnder, troubleshootingFile } from "./troubleshooting.ts";

/** The closed list, as the type has it. */
const [, union = ""] =
  /export type ErrorCode =([^;]+);/.exec(readFileSync(join(root, "engine/errors.ts"), "utf8")) ?? [];
const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code = ""]) => code as ErrorCode);

describe("the guide to errors", () => {
  test("has every code with its title in Terraform and its exit code, and a section for each", () => {
    expect(codes.length).toBeGreaterThan(20);
    const rows = tableUnder("Errors by code", documentOf(troubleshootingFile)).map((row) => row.slice(0, 3));
    const said = codes.map((code) => {
      const error = new ImagesyncError({ code, operation: "try", message: "Cannot try" });
      const exitCode = exitCodeOf({ code });
      const atSource = exitCodeOf({ code, side: "source" });
      const exits = atSource === exitCode ? `${exitCode}` : `${atSource} at the source, ${exitCode}`;
      return [`[${code}](#${code})`, describeError(error)?.summary, exits];
    });
    expect(rows).toEqual(said);
    expect(explainedCodes).toEqual(codes);
  });

  test("has every title that the provider gives to an error or a warning, and no others", () => {
    for (const [severity, heading] of [
      ["error", "Other errors of the provider"],
      ["warning", "Warnings of the provider"],
    ] as const) {
      const given = titlesGiven(severity);
      const explained = titlesUnder(heading);
      expect(given.length).toBeGreaterThan(10);
      expect(given.filter((title) => !explained.some(({ matches }) => matches.test(title)))).toEqual([]);
      expect(explained.filter(({ matches }) => !given.some((title) => matches.test(title)))).toEqual([]);
    }
  });

  test("misses no place where the provider reports something", () => {
    const places = sources().flatMap(({ file, text }) =>
      [...text.matchAll(/diagnostics\.(?:error|warning)\(/g)].map((place) => ({ file, rest: text.slice(place.index) })),
    );
    const unread = places
      .filter(({ rest }) => titleIn(rest) === undefined)
      .map(({ file, rest }) => `${file}: ${rest.slice(0, 60)}`);
    // Each is given its title by callers, which are read as well.
    expect(unread.map((place) => place.split(":")[0])).toEqual(["protocol/call.ts", "validate-registry.ts"]);
    expect(places.length).toBeGreaterThan(40);
  });
});

function sources(): readonly { readonly file: string; readonly text: string }[] {
  const folder = join(root, "provider-shim");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
}

/** The title in a call that reports, or in the line that makes it for the call. */
const call =
  /^(?:[\w.]*diagnostics\.(?:error|warning)|error|fail)\(\s*(?:[\w.]*diagnostics,\s*)?(?:(?:"[a-z_]+"|missing|name),\s*)?(?:untagged \? )?(?:"([^"]+)"|`([^`]+)`)(?: : "([^"]+)")?,/;

function titleIn(text: string): readonly string[] | undefined {
  const found = call
    .exec(text)
    ?.slice(1)
    .filter((title) => title !== undefined);
  if (found !== undefined) return found;
  return text.startsWith("diagnostics.error(summary, `${failureText")
    ? ["${count} of ${count} images not mirrored"]
    : undefined;
}

function titlesGiven(severity: "error" | "warning"): readonly string[] {
  const start =
    severity === "error" ? /diagnostics\.error\(|(?<![\w.])error\(|(?<![\w.])fail\(/g : /diagnostics\.warning\(/g;
  const titles = sources().flatMap(({ text }) =>
    [...text.matchAll(start)].flatMap(({ index }) => titleIn(text.slice(index)) ?? []),
  );
  return [...new Set([...titles, ...(severity === "error" ? ["Cannot ${action}"] : [])])];
}
