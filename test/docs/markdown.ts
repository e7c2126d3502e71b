import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { headingOf, withoutBlocks } from "./block.ts";

/** The root of the project. */
export const root: string = resolve(import.meta.dirname, "../..");

/** A Markdown file of the project. */
export interface Document {
  /** Path from the root. */
  readonly file: string;
  readonly text: string;
  /** The text without its fenced blocks. */
  readonly prose: string;
}

/** Made by tools, or not ours. */
const foreign = new Set(["node_modules", "dist", "coverage"]);

/** All Markdown files of the project, in the order of their paths. */
export function documents(directory: string = root): Document[] {
  const found = readdirSync(directory, { withFileTypes: true }).flatMap((entry): Document[] => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) || entry.name.startsWith(".") ? [] : documents(path);
    if (!entry.name.endsWith(".md")) return [];
    const file = relative(root, path);
    const text = readFileSync(path, "utf8");
    return [{ file, text, prose: withoutBlocks(file, text) }];
  });
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** One document. @throws Error when there is none of that name. */
export function documentOf(file: string): Document {
  const found = documents().find((document) => document.file === file);
  if (found === undefined) throw new Error(`There is no ${file}`);
  return found;
}

/** Everything between single backticks. */
export function codeSpans({ prose }: Pick<Document, "prose">): string[] {
  return [...prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, span = ""]) => span);
}

/** Targets of the links, images included. */
export function links({ prose }: Pick<Document, "prose">): string[] {
  const withoutCode = prose.replace(/`[^`\n]*`/g, "");
  return [...withoutCode.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map(([, target = ""]) => target);
}

/** The anchors that GitHub gives to the headings, and those that are written. */
export function anchors({ prose }: Pick<Document, "prose">): string[] {
  return prose.split("\n").flatMap((line) => {
    const [, written] = /^<a id="([^"]+)"><\/a>$/.exec(line) ?? [];
    if (written !== undefined) return [written];
    const heading = headingOf(line);
    if (heading === undefined) return [];
    return [
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    ];
  });
}

/**
 * The rows of the first table under a heading, without its head.
 * @throws Error when there is no table.
 */
export function tableUnder(heading: string, { file, prose }: Pick<Document, "file" | "prose">): string[][] {
  const lines = prose.split("\n");
  const start = lines.findIndex((line) => headingOf(line) === heading);
  const after = lines.slice(start + 1);
  const end = after.findIndex((line) => headingOf(line) !== undefined);
  const section = end === -1 ? after : after.slice(0, end);
  const head = section.findIndex((line) => /^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line));
  if (start === -1 || head === -1) throw new Error(`${file} has no table under "${heading}"`);
  const rows = section.slice(head + 1);
  const last = rows.findIndex((line) => !line.trimStart().startsWith("|"));
  return (last === -1 ? rows : rows.slice(0, last)).map((row) =>
    row
      .trim()
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}
