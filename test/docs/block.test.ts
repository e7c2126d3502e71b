import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockName, extractBlocks, withoutBlocks } from "./block.ts";

describe("the blocks of a Markdown text", () => {
  test("have the heading they stand under, a number there, a language and a line", () => {
    const text =
      "```sh\nfirst\n```\n# Start\n\n```hcl\na = 1\n\nb = 2\n```\ntext\n~~~\nlast\n~~~\n## Start #\n```sh title\nx\n```\n";
    expect(extractBlocks("a.md", text)).toEqual([
      { file: "a.md", heading: "", ordinal: 1, language: "sh", text: "first\n", line: 1 },
      { file: "a.md", heading: "Start", ordinal: 1, language: "hcl", text: "a = 1\n\nb = 2\n", line: 6 },
      { file: "a.md", heading: "Start", ordinal: 2, language: "", text: "last\n", line: 12 },
      { file: "a.md", heading: "Start", ordinal: 3, language: "sh", text: "x\n", line: 16 },
    ]);
  });

  test("may be indented, hold other fences, comments that look like headings, and nothing", () => {
    const text = "- item\n\n  ````md\n  ```sh\n    # not a heading\n  ```\n  ````\n\n~~~sh\n```\n~~~\n```sh\n```\n";
    expect(extractBlocks("a.md", text).map((block) => [block.heading, block.text])).toEqual([
      ["", "```sh\n  # not a heading\n```\n"],
      ["", "```\n"],
      ["", ""],
    ]);
  });

  test("are not made of code within a line", () => {
    expect(extractBlocks("a.md", "```a``` b\n```` `` ````\n`c`\n")).toEqual([]);
  });

  test("are the same with the line ends of Windows", () => {
    expect(extractBlocks("a.md", "# A\r\n```sh\r\nb\r\n```\r\n")).toEqual(
      extractBlocks("a.md", "# A\n```sh\nb\n```\n"),
    );
  });

  test("must be closed", () => {
    expect(() => extractBlocks("a.md", "text\n```sh\nrm\n")).toThrow("a.md:2: this block is not closed");
    expect(() => extractBlocks("a.md", "````\n```\n")).toThrow("a.md:1");
  });

  test("come out as they were written, whatever is in them, and what is around them stays", () => {
    const content = fc.array(fc.stringMatching(/^[^`~\r\n]*$/), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(content, { maxLength: 5 }), fc.constantFrom("```", "~~~~"), (contents, fence) => {
        const written = contents.map((lines) => lines.map((line) => `${line}\n`).join(""));
        const markdown = written.map((text) => `prose\n${fence}sh\n${text}${fence}\n`).join("");
        expect(extractBlocks("a.md", markdown).map((block) => block.text)).toEqual(written);
        const rest = withoutBlocks("a.md", markdown).split("\n");
        expect(rest.filter((line) => line !== "")).toEqual(contents.map(() => "prose"));
        expect(rest).toHaveLength(markdown.split("\n").length);
      }),
    );
  });

  test("are found in any text without a failure other than the one that says where", () => {
    const pieces = fc.array(fc.constantFrom("```", "~~~", "`", "#", " ", "\n", "\r\n", "\t", "sh", "é", "\0"));
    fc.assert(
      fc.property(pieces, (parts) => {
        const markdown = parts.join("");
        expect(outcomeOf(markdown)).toMatch(/^(?:unique names|Error: a\.md:\d+: this block is not closed)$/);
      }),
      { numRuns: 500 },
    );
  });

  test("a text of megabytes is read in one go", () => {
    const markdown = "```sh\nx\n```\n".repeat(100_000);
    expect(extractBlocks("a.md", markdown)).toHaveLength(100_000);
  });
});

function outcomeOf(markdown: string): string {
  try {
    const names = extractBlocks("a.md", markdown).map(blockName);
    return new Set(names).size === names.length ? "unique names" : "a name twice";
  } catch (error) {
    return String(error);
  }
}
