import { Document, isNode } from "yaml";
import type { Converted } from "./read-foreign.ts";
import { printable } from "../progress.ts";

/** Writes a configuration as a file of ours; what has no counterpart stands in comments where it would be. */
export function toNative({ document, reading }: Converted): string {
  // With this the texts that older YAML takes for something else are quoted too.
  const yaml = new Document(document, { version: "1.2", compat: "yaml-1.1", aliasDuplicateObjects: false });
  const lists = { registries: document.registries, images: document.images, repositories: document.repositories };
  for (const [key, entries] of Object.entries(lists)) {
    for (const [index, entry] of (entries ?? []).entries()) {
      comment(yaml.getIn([key, index], true), commentsOf(entry, reading.notes));
    }
  }
  const known = new Set<object>(Object.values(lists).flatMap((entries): readonly object[] => entries ?? []));
  const general = reading.notes.filter(({ about }) => about === undefined || !known.has(about)).map(({ text }) => text);
  if (general.length > 0) yaml.commentBefore = general.map(line).join("\n");
  return yaml.toString({ lineWidth: 0 });
}

function commentsOf(entry: object, notes: Converted["reading"]["notes"]): readonly string[] {
  return notes.filter(({ about }) => about === entry).map(({ text }) => text);
}

function comment(node: unknown, texts: readonly string[]): void {
  if (isNode(node) && texts.length > 0) node.commentBefore = texts.map(line).join("\n");
}

/** One line of a comment, whatever the file it tells of had in its names. */
function line(text: string): string {
  return ` ${printable(text)}`;
}
