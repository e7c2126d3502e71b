import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nativeSchema, nativeShape } from "../../../cli/config/native-shape.ts";
import { readNative } from "../../../cli/config/native.ts";
import { ConfigFileError } from "../../../cli/config/problem.ts";
import { parseYaml } from "../../../cli/config/yaml-file.ts";
import { root } from "../../docs/markdown.ts";

const valid = new Ajv2020({ strict: true, allErrors: true }).compile(nativeSchema);

/** What the reader finds wrong in the structure of a document. */
function faults(document: unknown): readonly string[] {
  const file = parseYaml("x.yaml", JSON.stringify(document));
  try {
    return readNative(file)
      .reading.problems.filter(({ about }) => about === "structure")
      .map(({ text }) => text);
  } catch (error) {
    if (error instanceof ConfigFileError) return error.problems.map(({ text }) => text);
    throw error;
  }
}

describe("the published JSON Schema", () => {
  test("is the one of the reader", async () => {
    await expect(formatted(nativeSchema)).toMatchFileSnapshot(join(root, "docs/config.schema.json"));
  });

  test("describes every key", () => {
    const undescribed: string[] = [];
    visit(nativeShape.schema, "", (path, { properties }) => {
      for (const [key, value] of Object.entries((properties ?? {}) as Record<string, { description?: string }>)) {
        if (value.description?.endsWith(".") !== true) undescribed.push(`${path}/${key}`);
      }
    });
    expect(undescribed).toEqual([]);
  });

  test("and the reader accept the same documents", () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutated(documentOf(nativeShape.schema)), (document) => {
        const found = faults(document);
        const agreed = valid(document);
        if (agreed) accepted++;
        expect({ document, faults: found.length > 0 }).toEqual({ document, faults: !agreed });
      }),
      // Documents are large: to look for the smallest one that fails could take for ever.
      { numRuns: 1000, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    );
    // Neither all nor nothing: both answers were compared.
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(900);
  });
});

/** Documents of a schema: mostly valid ones. */
function documentOf(schema: Record<string, unknown>): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  if (Array.isArray(schema["anyOf"]))
    return fc.oneof(...(schema["anyOf"] as Record<string, unknown>[]).map(documentOf));
  const {
    minimum = 0,
    maximum = 1,
    pattern,
    items,
    properties,
    additionalProperties,
    required = [],
  } = schema as {
    minimum?: number;
    maximum?: number;
    pattern?: string;
    items?: Record<string, unknown>;
    properties?: Record<string, Record<string, unknown>>;
    additionalProperties?: Record<string, unknown> | false;
    required?: string[];
  };
  switch (schema["type"]) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return mostly(
        fc.integer({ min: minimum, max: maximum }),
        fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1),
      );
    case "number":
      return mostly(fc.double({ min: minimum, max: maximum, noNaN: true }), fc.constantFrom(minimum, maximum + 0.5));
    case "string":
      return pattern === undefined
        ? fc.string({ minLength: schema["minLength"] === undefined ? 0 : 1, maxLength: 5 })
        : mostly(fc.stringMatching(new RegExp(pattern)), fc.constantFrom(...examples));
    case "array":
      return fc.array(documentOf(items ?? {}), { maxLength: 3 });
    default:
      if (properties === undefined)
        return fc.dictionary(
          fc.constantFrom("X-A", "b", "c d"),
          documentOf(additionalProperties === false ? {} : (additionalProperties ?? {})),
        );
      return fc.record(Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, documentOf(value)])), {
        requiredKeys: schema["minProperties"] === undefined ? required : fcOne(properties),
      });
  }
}

/** A document has dozens of values: so few of them are wrong that half of the documents are right. */
function mostly(good: fc.Arbitrary<unknown>, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 99, arbitrary: good }, { weight: 1, arbitrary: other });
}

/** Of a secret one of both keys is enough. */
function fcOne(properties: Record<string, unknown>): string[] {
  return Object.keys(properties).slice(0, 1);
}

const examples = ["", "1.2", "linux/amd64", "a b", "r.example/x", "50MiB", "A_B", "x\n", "é", "a:b:c", "\u{1F40B}"];

/** Sometimes a value of another kind takes the place of one of the document's. */
function mutated(documents: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const other = fc.constantFrom(null, 1, 1.5, -1, "", "x", true, [], {}, ["x"], [1], { x: 1 }, { env: "A" }, 1e21);
  return fc.tuple(documents, fc.nat(), other, fc.integer({ min: 0, max: 3 })).map(([document, at, value, often]) => {
    if (often > 0) return document;
    const copy: unknown = structuredClone(document);
    const places: [Record<string, unknown>, string][] = [];
    collect(copy, places);
    const place = places[at % Math.max(places.length, 1)];
    if (place === undefined) return value;
    const [owner, key] = place;
    if (at % 5 === 0) delete owner[key];
    else if (at % 5 === 1 && !Array.isArray(owner)) owner[`${key}x`] = value;
    else owner[key] = value;
    // A hole in a list would become null.
    return JSON.parse(JSON.stringify(copy)) as unknown;
  });
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect((value as Record<string, unknown>)[key], places);
  }
}

function visit(schema: unknown, path: string, look: (path: string, schema: Record<string, unknown>) => void): void {
  if (typeof schema !== "object" || schema === null) return;
  look(path, schema as Record<string, unknown>);
  for (const [key, value] of Object.entries(schema)) visit(value, `${path}/${key}`, look);
}

/** As the formatter writes it: short lists of words on one line. */
function formatted(schema: unknown): string {
  const text = JSON.stringify(schema, null, 2).replace(
    /^(.*)\[\n((?: +(?:"[^"\n]*"),?\n)+) +\](,?)$/gm,
    (whole: string, before: string, words: string, after: string) => {
      const line = `${before}[${words.trim().split(/,\n */).join(", ")}]${after}`;
      return line.length <= 120 ? line : whole;
    },
  );
  return `${text}\n`;
}
