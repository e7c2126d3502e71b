import { createRedactor } from "../../engine/index.ts";
import type { FunctionDefinition } from "../../provider-shim/protocol/function.ts";
import type { Block, NestedBlock } from "../../provider-shim/protocol/schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";

const provider = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });

/** The file that the provider's own words are written to. */
export const referenceFile = "docs/reference.md";

/** The provider's own word on what can be written and read, as {@link referenceFile} has it. */
export function reference(): string {
  const { schema, resources, dataSources, functions } = provider;
  const parts = [
    "# Reference",
    "What the provider tells Terraform about itself, in its own words. `node_modules/.bin/vitest run test/docs/reference.test.ts --update` writes this file.",
    "## Provider",
    ...blockParts(schema.block),
    ...Object.entries(resources).flatMap(([name, each]) => [
      `## Resource \`${name}\``,
      ...blockParts(each.schema.block),
    ]),
    ...Object.entries(dataSources).flatMap(([name, each]) => [
      `## Data source \`${name}\``,
      ...blockParts(each.schema.block),
    ]),
    "## Functions",
    "Terraform 1.8 and OpenTofu 1.7 and later call them. They ask no registry.",
    ...Object.entries(functions).flatMap(([name, each]) => functionParts(name, each)),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The names of all resources, data sources and functions. */
export function typeNames(): readonly string[] {
  return [provider.resources, provider.dataSources, provider.functions].flatMap((types) => Object.keys(types));
}

/** Every name that a configuration can write or read. */
export function schemaNames(): Set<string> {
  const { schema, resources, dataSources, functions } = provider;
  const types = [...Object.entries(resources), ...Object.entries(dataSources)];
  return new Set([
    ...types.map(([name]) => name),
    ...Object.keys(functions),
    ...[schema, ...types.map(([, type]) => type.schema)].flatMap(({ block }) => namesIn(block)),
  ]);
}

function namesIn({ attributes, blocks = {} }: Block): string[] {
  const nested = Object.entries(blocks).flatMap(([name, { block }]) => [name, ...namesIn(block)]);
  return [...Object.keys(attributes), ...nested];
}

function blockParts({ description, attributes, blocks = {} }: Block): string[] {
  const lines = Object.entries(attributes).map(([name, { description, ...kind }]) => {
    const words = [kind.required, kind.optional, kind.computed, kind.sensitive];
    const said = ["required", "optional", "computed", "sensitive"].filter((_, position) => words[position] === true);
    return `- \`${name}\` (${said.join(", ")}): ${description}`;
  });
  const nested = Object.entries(blocks).flatMap(([name, each]) => [
    `### Block \`${name}\`${timesOf(each)}`,
    ...blockParts(each.block),
  ]);
  return [description, lines.join("\n"), ...nested];
}

function functionParts(name: string, { summary, description, parameters, returns }: FunctionDefinition): string[] {
  const call = `provider::imagesync::${name}(${parameters.map((parameter) => parameter.name).join(", ")})`;
  const kind = typeof returns === "string" ? returns : returns[0];
  return [
    `### Function \`${name}\``,
    `${summary}, ${kind === "object" ? "an object" : `a ${kind}`}: \`${call}\``,
    description,
    parameters.map((parameter) => `- \`${parameter.name}\`: ${parameter.description}`).join("\n"),
  ];
}

function timesOf({ nesting }: NestedBlock): string {
  return nesting === "single" ? "" : ", any number of them";
}
