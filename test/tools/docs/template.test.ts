import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderTemplate } from "../../../tools/docs/template.ts";

const context = {
  name: "page.md.tmpl",
  fields: { Name: "imagesync", Description: " Copies `a` to [b](c.md).\n\nTwo. ", File: "x.tf" },
  read: (path: string): string => {
    if (path === "x.tf") return '\na = "{{ .Name }} | $&"\n\n';
    if (path === "empty.tf") return "\n";
    throw new Error(`no file ${path}`);
  },
};
const render = (template: string): string => renderTemplate(template, context);

describe("a template", () => {
  test("without expressions is its own text, braces of HCL included", () => {
    expect(render('# A\n\nx = { a = "${b}" }\n')).toBe('# A\n\nx = { a = "${b}" }\n');
  });

  test("has fields, functions and pipelines of both", () => {
    expect(render("{{ .Name }}/{{.Name}}")).toBe("imagesync/imagesync");
    expect(render('{{ .Description | plainmarkdown | trimspace | prefixlines "  " }}')).toBe(
      "  Copies a to b.\n  \n  Two.",
    );
    expect(render('{{ prefixlines "> | " .Name }}')).toBe("> | imagesync");
  });

  test("shows files as blocks, and takes nothing in them for an expression", () => {
    const block = 'a = "{{ .Name }} | $&"\n```';
    expect(render("{{ tffile .File }}")).toBe(`\`\`\`terraform\n${block}`);
    expect(render('{{ codefile "shell" "x.tf" }}')).toBe(`\`\`\`shell\n${block}`);
  });

  test("of whatever text is done, or refused by its name", () => {
    const pieces = fc.array(
      fc.constantFrom("{{", "}}", " ", "|", '"', ".Name", "tffile", "trimspace", "x", "$&", "\n"),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(outcomeOf(parts.join(""))).toMatch(/^(?:rendered|Error: page\.md\.tmpl: \{\{.*)$/s);
      }),
    );
  });

  test.each([
    ["{{ .Nmae }}", "there is no .Nmae; there are Name, Description, File"],
    ["{{ .constructor }}", "there is no .constructor"],
    ["{{ Name }}", "there is no Name"],
    ["{{ }}", "there is no ; there are"],
    ["{{ if .Name }}", "there is no function if"],
    ["{{ .Name | shout }}", "there is no function shout"],
    ["{{ .Name | toString }}", "there is no function toString"],
    ["{{ tffile }}", "tffile takes 1 values, not 0"],
    ['{{ tffile "empty.tf" }}', "empty.tf is empty"],
    ['{{ tffile "gone.tf" }}', "no file gone.tf"],
  ])("with %s is refused by its name and the expression", (template, reason) => {
    expect(() => render(template)).toThrow(`page.md.tmpl: ${template}: ${reason}`);
  });
});

function outcomeOf(template: string): string {
  try {
    render(template);
    return "rendered";
  } catch (error) {
    return String(error);
  }
}
