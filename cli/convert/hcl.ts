import { printable } from "../progress.ts";

/** A text as HCL writes it: neither it nor a part of it is evaluated. @see https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions */
export function hclText(text: string): string {
  const escaped = text
    .replace(/\\/g, "\\\\")
    .replace(/"/g, '\\"')
    .replace(/\n/g, "\\n")
    .replace(/\r/g, "\\r")
    .replace(/\t/g, "\\t")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return code > 0xff_ff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    })
    .replace(/\$\{/g, "$$${")
    .replace(/%\{/g, "%%{");
  return `"${escaped}"`;
}

/** An expression of HCL, on one line. */
export type Expression = string;

export function hclList(texts: readonly string[]): Expression {
  return `[${texts.map(hclText).join(", ")}]`;
}

/** What stands in a block: attributes first, then blocks. */
export interface Block {
  /** `resource "imagesync" "x"` */
  readonly head: string;
  readonly comments?: readonly string[];
  readonly attributes?: readonly (readonly [name: string, value: Expression])[];
  readonly blocks?: readonly Block[];
  /** Whether all of it is a comment. @default false */
  readonly off?: boolean;
}

/** Writes a block as `terraform fmt` would. */
export function hclBlock(block: Block, indentation = ""): string {
  if (block.off === true)
    return hclBlock({ ...block, off: false }, indentation)
      .replace(/^(?!#)/gm, "# ")
      .replace(/# $/, "");
  const { head, comments = [], attributes = [], blocks = [] } = block;
  const inner = `${indentation}  `;
  const width = Math.max(0, ...attributes.map(([name]) => name.length));
  const lines = attributes.map(([name, value]) => `${inner}${name.padEnd(width)} = ${value}\n`).join("");
  const parts = [...(lines === "" ? [] : [lines]), ...blocks.map((each) => hclBlock(each, inner))];
  const above = comments.map((text) => `${indentation}# ${printable(text)}\n`).join("");
  if (parts.length === 0) return `${above}${indentation}${head} {}\n`;
  return `${above}${indentation}${head} {\n${parts.join("\n")}${indentation}}\n`;
}
