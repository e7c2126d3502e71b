import { createRedactor } from "../../engine/index.ts";
import type { Block } from "../../provider-shim/protocol/schema.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { pages } from "../../tools/docs/pages.ts";
import { root } from "./markdown.ts";

const provider = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });

/** The pages that `make docs` writes, by their paths from the root. */
export const generatedPages: ReadonlyMap<string, string> = pages(root);

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
