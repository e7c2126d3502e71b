import { createRedactor } from "../../engine/index.ts";
import type { Block, NestedBlock } from "../../provider-shim/protocol/schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";

const provider = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });

/** The file that the provider's own words are written to. */
export const referenceFile = "docs/reference.md";

/** The provider's own word on what can be written and read, as {@link referenceFile} has it. */
export function reference(): string {
  const { schema, resources, dataSources } = provider;
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
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Every name that a configuration can write or read. */
export function schemaNames(): Set<string> {
  const { schema, resources, dataSources } = provider;
  const types = [...Object.entries(resources), ...Object.entries(dataSources)];
  return new Set([
    ...types.map(([name]) => name),
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

function timesOf({ nesting }: NestedBlock): string {
  return nesting === "single" ? "" : ", any number of them";
}
