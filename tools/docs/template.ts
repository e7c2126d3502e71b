/**
 * The part of the templates of terraform-plugin-docs that our pages need: fields, functions and pipelines, such as
 * `{{ .Description | trimspace }}` and `{{ tffile .ExampleFile }}`. There are no conditions and no loops: a page that
 * wants others has a template of its own. Everything that is not known is an error, as a page with a hole in it would be.
 * @see https://github.com/hashicorp/terraform-plugin-docs#templates
 */

/** What the expressions of a template stand for. */
export interface TemplateContext {
  /** Name of the template, for errors. */
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  /** The text of a file of the project, by its path from the root. */
  readonly read: (path: string) => string;
}

type TemplateFunction = (context: TemplateContext, ...values: readonly string[]) => string;

/** By name, with the number of values that each takes, a piped one among them as the last. */
const functions: Readonly<Record<string, readonly [count: number, call: TemplateFunction]>> = {
  trimspace: [1, (_, text = "") => text.trim()],
  plainmarkdown: [1, (_, text = "") => plainText(text)],
  prefixlines: [2, (_, prefix = "", text = "") => text.replaceAll(/^/gm, prefix)],
  codefile: [2, codeBlock],
  tffile: [1, (context, path = "") => codeBlock(context, "terraform", path)],
};

/** A template with its expressions evaluated. @throws Error that names the template and the expression. */
export function renderTemplate(template: string, context: TemplateContext): string {
  return template.replaceAll(/\{\{(.*?)\}\}/gs, (_, expression: string) => {
    try {
      return evaluate(expression.trim(), context);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${context.name}: {{${expression}}}: ${reason}`, { cause: error });
    }
  });
}

function evaluate(expression: string, context: TemplateContext): string {
  const stages = (expression.match(/(?:"[^"]*"|[^|"])+/g) ?? [""]).map((stage) => stage.match(/"[^"]*"|\S+/g) ?? []);
  return stages.reduce<string | undefined>((piped, words) => valueOf(words, piped, context), undefined) ?? "";
}

function valueOf(words: readonly string[], piped: string | undefined, context: TemplateContext): string {
  const [first = "", ...others] = words;
  const found = Object.hasOwn(functions, first) ? functions[first] : undefined;
  if (found === undefined) {
    if (others.length > 0 || piped !== undefined) throw new Error(`there is no function ${first}`);
    return operand(first, context);
  }
  const [count, call] = found;
  const values = others.map((word) => operand(word, context));
  if (piped !== undefined) values.push(piped);
  if (values.length !== count) throw new Error(`${first} takes ${count} values, not ${values.length}`);
  return call(context, ...values);
}

function operand(word: string, { fields }: TemplateContext): string {
  if (word.startsWith('"')) return word.slice(1, -1);
  const name = word.slice(1);
  const value = word.startsWith(".") && Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined) throw new Error(`there is no ${word}; there are ${Object.keys(fields).join(", ")}`);
  return value;
}

function codeBlock({ read }: TemplateContext, language = "", path = ""): string {
  const text = read(path).trim();
  if (text === "") throw new Error(`${path} is empty`);
  return ["```" + language, text, "```"].join("\n");
}

/** Markdown as the text that it shows; a link as its words. Descriptions have no other marks. */
function plainText(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/`([^`]*)`/g, "$1");
}
