import { expect } from "vitest";
import { nativeShape } from "../../cli/config/native-shape.ts";
import { readSyncConfig } from "../../cli/config/read.ts";
import { convertText } from "../../cli/convert/convert-text.ts";
import { renderError } from "../../cli/error-report.ts";
import { UsageError } from "../../cli/usage-error.ts";
import type { Handler } from "./handler.ts";

/** The document of configuration files; what stands below {@link keysHeading} is written by its test. */
export const configurationFile = "docs/guides/configuration.md";

/** What the generated part begins with. */
export const keysHeading = "## Every key";

const block = (heading: string, ordinal = 1): string => `${configurationFile} > ${heading} > ${ordinal}`;

/** Its examples: files that are read, one that is refused as is shown, and one that is converted. */
export const configurationHandler: Handler = {
  proves: "the files of docs/guides/configuration.md are read, refused and converted as it says",
  blocks: [
    block("Configuration files"),
    block("Mistakes"),
    block("Mistakes", 2),
    block("Registries and secrets"),
    block("Converting"),
    block("Converting", 2),
  ],
  needs: [],
  async run(blocks) {
    const [first = "", wrong = "", said = "", registries = "", foreign = "", converted = ""] = blocks.map(
      ({ text }) => text,
    );
    expect((await read(first)).rules).toHaveLength(2);
    const refused = await read(wrong).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect(renderError(refused as UsageError, {}).replaceAll("<stdin>", "imagesync.yaml")).toBe(said);
    // The files it names are not on this machine.
    const mistakes = await read(registries).catch((error: unknown) => error);
    expect((mistakes as UsageError).details.map((line) => line.replace(/^\S+ /, ""))).toEqual([
      'the file "ca.pem" cannot be read',
      'the file "/run/secrets/team" for "registry_token" cannot be read',
    ]);
    expect(convertText("regsync.yaml", foreign, { to: "terraform" }).text).toBe(converted);
  },
};

async function read(text: string): ReturnType<typeof readSyncConfig> {
  async function* stdin(): AsyncGenerator<string> {
    yield await Promise.resolve(text);
  }
  return await readSyncConfig("-", { environment: { REGISTRY_TOKEN: "t" }, stdin: stdin() });
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
}

/** The schema's own words on each key. */
export function keysPart(): string {
  const parts = [
    keysHeading,
    "What the reader and the JSON Schema say of them; this part is written by `node_modules/.bin/vitest run test/docs/configuration.test.ts --update`.",
    ...keysOf(nativeShape.schema),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The names of all keys. */
export function keyNames(): Set<string> {
  const names = new Set<string>();
  const collect = ({ properties = {}, items }: Schema): void => {
    if (items !== undefined) collect(items);
    for (const [name, schema] of Object.entries(properties)) {
      names.add(name);
      collect(schema);
    }
  };
  collect(nativeShape.schema);
  return names;
}

function keysOf(schema: Schema, common: Schema = {}): string[] {
  const { properties = {}, required = [] } = schema;
  const own = Object.entries(properties).filter(([name]) => common.properties?.[name] === undefined);
  const lines = own.map(
    ([name, { description = "" }]) =>
      `- \`${name}\`${required.includes(name) ? " (required)" : ""}: ${inline(description)}`,
  );
  if (common.properties !== undefined) lines.push("- every key of `defaults`, for this entry alone");
  const nested = own.flatMap(([name, each]) => {
    const inner = each.items ?? each;
    // Where a secret is, is said of all of them at once.
    if (inner.properties === undefined || inner.properties["env"] !== undefined) return [];
    const shares = name === "images" || name === "repositories";
    return [`### \`${name}\``, ...keysOf(inner, shares ? properties["defaults"] : undefined)];
  });
  return [lines.join("\n"), ...nested];
}

/** Asterisks would be read as emphasis. */
function inline(text: string): string {
  return text.replaceAll("*", "\\*");
}
