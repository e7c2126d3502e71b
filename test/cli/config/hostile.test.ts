import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readSyncConfig } from "../../../cli/config/read.ts";
import { UsageError } from "../../../cli/usage-error.ts";
import { renderError } from "../../../cli/error-report.ts";
import { configOf, mistakesIn } from "./content.ts";

describe("a hostile file", () => {
  test("of anchors that multiply each other is not multiplied", async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `x-l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
    const laughs = `version: 1\nx-l0: &l0 [a]\n${levels.join("\n")}\nimages: *l12\n`;
    expect((await mistakesIn(laughs))[0]).toMatch(/"images\[0\]" must be a map, not a list$/);
    const tags = Array.from({ length: 3000 }, (_, i) => `t${i}`).join(",");
    const entries = "  - *e\n".repeat(3000);
    const product = `version: 1\nx-e: &e {source: a, destination: b, tags: [${tags}]}\nrepositories:\n${entries}`;
    expect((await mistakesIn(product)).join("\n")).toMatch(/: anchors make the file larger than it may be$/);
    // Each alias is found at once, wherever its anchor is.
    const many = `version: 1\nx-a: &a [x]\nx-b: [${"*a, ".repeat(200_000)}]\nimages: 5\n`;
    expect((await mistakesIn(many)).join("\n")).toMatch(/^4:9: /);
  });

  test("whose anchors merge themselves ends", async () => {
    const circle = "version: 1\nimages:\n  - &a\n    <<: *a\n    source: a:1\n    destination: b:1\n";
    expect((await mistakesIn(circle)).join("\n")).toMatch(/merged into themselves/);
    expect(await mistakesIn("version: 1\nimages:\n  - <<: 5\n    source: a:1\n    destination: b:1\n")).toEqual([
      "3:9: << merges a map, as in `<<: *name`",
    ]);
  });

  test.each([
    ["brackets", `version: ${"[".repeat(100_000)}`],
    ["braces", `version: ${"{a: ".repeat(100_000)}`],
    ["dashes", `version: 1\n${"- ".repeat(100_000)}`],
    ["indentation", Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ])("that is nested by %s is refused", async (_, content) => {
    expect((await mistakesIn(content)).join("\n")).toMatch(/deeper than 1000 levels/);
  });

  test("that is too large, no text, or not there is refused", async () => {
    expect(await mistakesIn("#".repeat(2 * 1024 ** 2 + 1))).toEqual(["<stdin> is larger than 2 MiB"]);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from([0xff, 0xfe, 0x00]));
    }
    expect(await mistakesIn("", { stdin: bytes() })).toEqual(["<stdin> is no text in UTF-8"]);
    for (const encoding of ["utf16le", "latin1"] as const) {
      const stdin = Readable.from([Buffer.from("version: 1\nimages: [] # \u00fc\n", encoding)]);
      expect(await mistakesIn("", { stdin })).toEqual(["<stdin> is no text in UTF-8"]);
    }
    const folder = await mkdtemp(join(tmpdir(), "config-"));
    await expect(readSyncConfig(join(folder, "none.yaml"), { environment: {} })).rejects.toThrow(
      /there is no such file/,
    );
    await expect(readSyncConfig(folder, { environment: {} })).rejects.toThrow(/it is a folder/);
    const large = join(folder, "large.yaml");
    await writeFile(large, "#\n".repeat(1024 ** 2 + 1));
    await expect(readSyncConfig(large, { environment: {} })).rejects.toThrow(/is larger than 2 MiB/);
  });

  test("cannot write to the terminal through what is said of it", async () => {
    const error = await configOf('version: 1\n"\\e[31m\\u202Eevil": 1\n').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    const printed = renderError(error as UsageError, {});
    expect(printed).toContain("evil");
    // oxlint-disable-next-line no-control-regex
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test.each(["a\\nb", "a\\0b", "a\\x7f", "\\e[31m", "\\N", "\\r"])(
    'cannot give an entry a name that ends lines or steers terminals ("%s")',
    async (name) => {
      const entry = (key: string): string =>
        `version: 1\n${key}:\n  - name: "${name}"\n    source: a.example/b:1\n    destination: c.example/d:1\n`;
      const [mistake = "", ...others] = await mistakesIn(entry("images"));
      expect(others).toEqual([]);
      expect(mistake).toMatch(/^3:11: "name" must be a text without line breaks and other control characters, not /);
      expect(await mistakesIn(entry("images").replace(`"${name}"`, `'a "b" \\ {c="d"} é'`))).toEqual([]);
    },
  );

  test("with names that objects have is read like any other", async () => {
    expect(await mistakesIn('version: 1\n__proto__: {x: 1}\nconstructor: 1\n"toString": 2\n')).toHaveLength(3);
    const content = "version: 1\nregistries:\n  - {address: r.example, headers: {__proto__: a, constructor: b}}\n";
    const { registries } = await configOf(content);
    expect(Object.entries(registries[0]?.headers ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test("of any text is read or refused with a reason", async () => {
    const piece = fc.constantFrom(
      ..."-:{}[]&*!|>'\"#,\n\t ab1?<@`%".split(""),
      "<<: ",
      "*a",
      "&a ",
      "---\n",
      "version: 1\n",
      "images:",
      "\n  - source: x:1\n",
    );
    const text = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 40 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        for (const format of [undefined, "replicant", "kyma"] as const) {
          const mistakes = await mistakesIn(content, { format });
          expect(mistakes.every((line) => line !== "")).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
