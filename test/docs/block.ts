/** A fenced block of a Markdown file. */
export interface Block {
  /** Path from the root of the project. */
  readonly file: string;
  /** Text of the heading it stands under; empty before the first one. */
  readonly heading: string;
  /** Its number under that heading, from 1. */
  readonly ordinal: number;
  /** The first word after the fence; empty when there is none. */
  readonly language: string;
  /** What stands between the fences, each line with its line end. */
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** The name a block is claimed by: it survives changes elsewhere in the file. */
export function blockName({ file, heading, ordinal }: Pick<Block, "file" | "heading" | "ordinal">): string {
  return `${file} > ${heading} > ${ordinal}`;
}

/**
 * Finds the fenced blocks of a Markdown text.
 * @throws Error when one is not closed: everything after it would be taken for its content.
 * @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export function extractBlocks(file: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const counts = new Map<string, number>();
  let heading = "";
  let open: Opening | undefined;
  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    if (open === undefined) {
      heading = headingOf(line) ?? heading;
      open = openingOf(line, index + 1);
      continue;
    }
    if (!closes(line, open)) {
      open.lines.push(line.replace(open.indentation, ""));
      continue;
    }
    const ordinal = (counts.get(heading) ?? 0) + 1;
    counts.set(heading, ordinal);
    const text = open.lines.map((each) => `${each}\n`).join("");
    blocks.push({ file, heading, ordinal, language: open.language, text, line: open.line });
    open = undefined;
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: this block is not closed`);
  return blocks;
}

/** The same text without its fenced blocks: what is prose, tables and headings. */
export function withoutBlocks(file: string, markdown: string): string {
  const lines = markdown.split(/\r?\n/);
  for (const { line, text } of extractBlocks(file, markdown)) {
    const height = text.split("\n").length + 1;
    lines.fill("", line - 1, line - 1 + height);
  }
  return lines.join("\n");
}

/** The text of a line that is a heading. */
export function headingOf(line: string): string | undefined {
  return /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/.exec(line)?.[1];
}

interface Opening {
  /** Blocks in lists are indented: so much is taken from each line. */
  readonly indentation: RegExp;
  readonly character: string;
  readonly length: number;
  readonly language: string;
  readonly line: number;
  readonly lines: string[];
}

function openingOf(text: string, line: number): Opening | undefined {
  const [, indentation = "", fence = "", info = ""] = /^([ \t]*)(`{3,}|~{3,})(.*)$/.exec(text) ?? [];
  // Backticks with more of them behind are code within a line.
  if (fence === "" || (fence.startsWith("`") && info.includes("`"))) return undefined;
  return {
    indentation: new RegExp(`^[ \\t]{0,${indentation.length}}`),
    character: fence.charAt(0),
    length: fence.length,
    language: info.trim().split(/\s+/)[0] ?? "",
    line,
    lines: [],
  };
}

function closes(line: string, { character, length }: Opening): boolean {
  const fence = line.trim();
  return fence.length >= length && fence === character.repeat(fence.length);
}
