import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createRedactor } from "../../engine/index.ts";
import type { FunctionDefinition } from "../../provider-shim/protocol/function.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { type BlockDocument, providerAddress, providerDocument } from "../cdktf/provider-document.ts";
import { argumentsMarkdown, signatureMarkdown } from "./function-markdown.ts";
import { schemaMarkdown } from "./schema-markdown.ts";
import { renderTemplate } from "./template.ts";

/** Folders below `docs` that hold pages of types and nothing else. */
export const pageFolders = ["resources", "data-sources", "functions"] as const;

type PageFolder = (typeof pageFolders)[number];

/** What the Registry lists, and what it says of each of its own accord. */
const provider = { ProviderName: "terraform-provider-imagesync", ProviderShortName: "imagesync" };

/** A type, or the provider itself. */
interface Subject {
  /** Path of its page from the root of the project. */
  readonly page: string;
  /** Templates that may make it, the most particular one first. */
  readonly templates: readonly string[];
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The pages of the Terraform Registry that say what the provider declares: `docs/index.md` and one for each resource,
 * data source and function, made of `templates`, of `examples` and of the tables that also answer Terraform.
 * @param root the project
 * @returns their texts by their paths from there
 * @throws Error that says what is missing, or what a template has that is not known
 * @see https://developer.hashicorp.com/terraform/registry/providers/docs
 */
export function pages(root: string): ReadonlyMap<string, string> {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const templates = new Set(filesBelow(root, "templates"));
  const examples = new Set(filesBelow(root, "examples"));
  return new Map(
    subjects().map(({ page, templates: possible, fields }) => {
      const template = possible.find((path) => templates.has(path));
      if (template === undefined) throw new Error(`${page} has no template: write ${possible.join(" or ")}`);
      const found = Object.entries(fields).filter(([name, value]) => !name.endsWith("File") || examples.has(value));
      const text = renderTemplate(read(template), { name: template, fields: Object.fromEntries(found), read });
      return [page, text];
    }),
  );
}

/** The words that stand in place of the prefix which all types share, so that pages have short names. */
export function shortName(type: string): string {
  return type.replace(/^imagesync_/, "");
}

function subjects(): readonly Subject[] {
  const declared = providerDocument().provider_schemas[providerAddress];
  if (declared === undefined) throw new Error(`${providerAddress} declares nothing`);
  const { functions } = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
  return [
    {
      page: "docs/index.md",
      templates: ["templates/index.md.tmpl"],
      fields: {
        ...provider,
        ...described(declared.provider.block),
        ExampleFile: "examples/provider/provider.tf",
      },
    },
    ...Object.entries(declared.resource_schemas).map(([name, { block }]) =>
      subject("resources", name, {
        ...described(block),
        Type: "Resource",
        ExampleFile: `examples/resources/${name}/resource.tf`,
        ImportFile: `examples/resources/${name}/import.sh`,
        ImportIDConfigFile: `examples/resources/${name}/import-by-string-id.tf`,
      }),
    ),
    ...Object.entries(declared.data_source_schemas).map(([name, { block }]) =>
      subject("data-sources", name, {
        ...described(block),
        Type: "Data Source",
        ExampleFile: `examples/data-sources/${name}/data-source.tf`,
      }),
    ),
    ...Object.entries(functions).map(([name, definition]) =>
      subject("functions", name, functionFields(name, definition)),
    ),
  ];
}

function subject(folder: PageFolder, name: string, fields: Readonly<Record<string, string>>): Subject {
  const short = shortName(name);
  return {
    page: `docs/${folder}/${short}.md`,
    templates: [`templates/${folder}/${short}.md.tmpl`, `templates/${folder}.md.tmpl`],
    fields: { ...provider, Name: name, ...fields },
  };
}

function described(block: BlockDocument): Readonly<Record<string, string>> {
  return { Description: block.description, SchemaMarkdown: schemaMarkdown(block) };
}

function functionFields(name: string, definition: FunctionDefinition): Readonly<Record<string, string>> {
  if (definition.variadic !== undefined) throw new Error(`${name} is variadic: no template has a place for that`);
  return {
    Type: "function",
    Summary: definition.summary,
    Description: definition.description,
    FunctionSignatureMarkdown: signatureMarkdown(name, definition),
    FunctionArgumentsMarkdown: argumentsMarkdown(definition),
    ExampleFile: `examples/functions/${name}/function.tf`,
  };
}

/** Files of a folder and what is in it, by their paths from the root. */
export function filesBelow(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath.slice(root.length + 1), basename(entry.name)));
}
