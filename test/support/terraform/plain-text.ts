import { stripVTControlCharacters } from "node:util";

const boxes = /[│╷╵]/g;

/**
 * What terraform prints, as one line. Terraform wraps texts at the width of the terminal and draws boxes around errors:
 * without this no expression finds a sentence in them.
 */
export function plainText(output: string): string {
  return stripVTControlCharacters(output).replace(boxes, " ").replace(/\s+/g, " ").trim();
}
