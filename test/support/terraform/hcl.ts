/** An expression, in contrast to a text. */
export interface Expression {
  readonly expression: string;
}

/** A nested block, in contrast to a map. */
export interface NestedBlock {
  readonly block: Body;
}

export type HclValue =
  | string
  | number
  | boolean
  | Expression
  | readonly HclValue[]
  | { readonly [key: string]: HclValue };

/** Attributes and nested blocks by name. An array of nested blocks is written one after the other. */
export type Body = Readonly<Record<string, HclValue | NestedBlock | readonly NestedBlock[]>>;

/** A reference or a call, such as `data.imagesync_image.x.digest`. */
export function expression(text: string): Expression {
  return { expression: text };
}

export function nested(body: Body): NestedBlock {
  return { block: body };
}

/** A block in HCL with each attribute on a line of its own: `block('resource "imagesync" "x"', { source: "…" })`. */
export function block(header: string, body: Body): string {
  const lines = Object.entries(body).flatMap(([name, value]) => entry(name, value));
  if (lines.length === 0) return `${header} {}\n`;
  return `${header} {\n${lines.map((line) => line.replace(/^/gm, "  ")).join("\n")}\n}\n`;
}

function entry(name: string, value: Body[string]): string[] {
  if (isNested(value)) return [block(name, value.block).trimEnd()];
  if (Array.isArray(value) && value.length > 0 && value.every(isNested)) {
    return value.map((each) => block(name, each.block).trimEnd());
  }
  return [`${name} = ${written(value as HclValue)}`];
}

function written(value: HclValue): string {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value !== "object") return typeof value === "string" ? quoted(value) : String(value);
  if ("expression" in value && typeof value["expression"] === "string") return value["expression"];
  const pairs = Object.entries(value).map(([key, each]) => `${quoted(key)} = ${written(each)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** The escapes of JSON are those of HCL; templates begin with a dollar or per cent sign and a brace. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("${", "$${").replaceAll("%{", "%%{");
}

function isNested(value: unknown): value is NestedBlock {
  return typeof value === "object" && value !== null && "block" in value;
}
