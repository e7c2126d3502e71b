import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { describe, expect, test } from "vitest";
import { convertText } from "../../../cli/convert/convert-text.ts";
import { UsageError } from "../../../cli/usage-error.ts";
import { root } from "../../docs/markdown.ts";

const folder = join(root, "test/golden/config");
const files = readdirSync(folder).filter((name) => /\.(?:yaml|json)$/.test(name));
const formats = ["native", "replicant", "kyma", "regsync", "skopeo", "image-syncer", "harbor", undefined] as const;
const odd = [
  "",
  "x",
  5,
  -1,
  true,
  null,
  [],
  {},
  ["a"],
  { a: 1 },
  "a:1,2",
  "${X}",
  "{{.}}",
  "a@sha256:0",
  "\n#\u001b[31m",
  "oci:",
];

describe("a file that is not what it should be", () => {
  test.each(files)("%s with other values in it is converted, or refused with a reason", (file) => {
    const [parsed] = parseAllDocuments(readFileSync(join(folder, file), "utf8"));
    const original = parsed?.toJS() as unknown;
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...odd), fc.constantFrom(...formats), (at, value, format) => {
        const text = JSON.stringify(replaced(original, at, value));
        for (const to of ["native", "terraform"] as const) {
          const result = attempt(text, { format, to, registry: "r.example", targetRepoPrefix: "r.example/" });
          // What is written is one line for each line: nothing of the file breaks out of comments.
          expect(result.includes("\u001b")).toBe(false);
          expect(result).not.toBe("");
        }
      }),
      { numRuns: 150 },
    );
  });
});

function attempt(text: string, options: Parameters<typeof convertText>[2]): string {
  try {
    return convertText("file.yaml", text, options).text;
  } catch (error) {
    if (error instanceof UsageError) return `refused: ${error.details.length}`;
    throw error;
  }
}

/** The same with one value, or one key, replaced. */
function replaced(document: unknown, at: number, value: unknown): unknown {
  const copy: unknown = structuredClone(document);
  const places: [Record<string, unknown>, string][] = [];
  collect(copy, places);
  const [owner, key] = places[at % Math.max(places.length, 1)] ?? [];
  if (owner === undefined || key === undefined) return value;
  if (at % 4 === 0 && typeof value === "string" && !Array.isArray(owner)) {
    owner[value] = owner[key];
    delete owner[key];
  } else {
    owner[key] = value;
  }
  return copy;
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect((value as Record<string, unknown>)[key], places);
  }
}
