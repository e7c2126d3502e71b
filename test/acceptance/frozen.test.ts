import { describe, expect, test } from "vitest";
import { buildPlatformIndex } from "../support/images/index.ts";
import { block, terraformProgram } from "../support/terraform/index.ts";
import { repository } from "./repositories.ts";
import { type BlockDocument, type ProviderDocument, providerDocument } from "./schema-attributes.ts";
import { configuration, mirror, openAttached, openWorkspaceFor, patient, pushTo, setStage } from "./stage.ts";

async function declared(): Promise<ProviderDocument> {
  const workspace = await openWorkspaceFor(await openAttached());
  await workspace.write(configuration({}));
  return await providerDocument(workspace);
}

/** Every block by its path, such as `provider.registry`. */
function blocksOf(document: ProviderDocument): readonly (readonly [path: string, block: BlockDocument])[] {
  const below = (path: string, block: BlockDocument): [string, BlockDocument][] => [
    [path, block],
    ...Object.entries(block.block_types ?? {}).flatMap(([name, nested]) => below(`${path}.${name}`, nested.block)),
  ];
  return [
    ...below("provider", document.provider.block),
    ...Object.entries(document.resource_schemas).flatMap(([type, { block }]) => below(type, block)),
    ...Object.entries(document.data_source_schemas).flatMap(([type, { block }]) => below(`data.${type}`, block)),
  ];
}

/** One line for each thing that a configuration, a state or a program can depend on. */
function contract(document: ProviderDocument): readonly string[] {
  const versions = Object.entries(document.resource_schemas).map(([type, { version }]) => `${type}: schema ${version}`);
  const blocks = blocksOf(document).flatMap(([path, { attributes = {}, block_types = {} }]) => [
    ...Object.entries(attributes).map(([name, attribute]) => {
      const words = ["required", "optional", "computed", "sensitive", "write_only"] as const;
      const [, value] = /[Dd]efaults? to (.*?)\.(?:\s|$)/s.exec(attribute.description ?? "") ?? [];
      const said = [
        ...words.filter((word) => attribute[word] === true),
        ...(value === undefined ? [] : [`default ${value}`]),
      ];
      return `${path}.${name}: ${JSON.stringify(attribute.type)}, ${said.join(", ")}`;
    }),
    ...Object.entries(block_types).map(
      ([name, { nesting_mode, min_items = 0, max_items = 0 }]) =>
        `${path}.${name}: ${nesting_mode} of blocks, ${min_items} to ${max_items === 0 ? "any" : max_items}`,
    ),
  ]);
  const functions = Object.entries(document.functions).map(([name, { parameters = [], return_type }]) => {
    const taken = parameters.map((parameter) => `${parameter.name}: ${JSON.stringify(parameter.type)}`);
    return `${name}(${taken.join(", ")}): ${JSON.stringify(return_type)}`;
  });
  return [...versions, ...blocks, ...functions];
}

describe.skipIf(terraformProgram === undefined)("what users depend on", patient, () => {
  test("names, types and defaults are those that users have written down", async () => {
    await expect(`${contract(await declared()).join("\n")}\n`).toMatchFileSnapshot("./provider-schema.txt");
  });

  test("ids, and what is in a state where nothing is configured, have the form that they had", async () => {
    const { workspace, config, source, destination } = await setStage();
    const image = buildPlatformIndex({ seed: "frozen", layers: [1000] });
    await pushTo(source, "team/app", "1.0", image);
    await workspace.write(
      config(
        mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/one/app:1.0` }),
        repository({ source: `${source.host}/team/app`, destination: `${destination.host}/all/app` }),
        block('data "imagesync_image" "x"', { source: `${source.host}/team/app:1.0` }),
        block('data "imagesync_tags" "x"', { repository: `${source.host}/team/app` }),
      ),
    );
    await workspace.apply();
    const state = await workspace.state();
    const written = JSON.stringify(
      Object.fromEntries(state.addresses.toSorted().map((address) => [address, state.attributes(address)])),
      undefined,
      2,
    )
      .replaceAll(source.host, "source.example")
      .replaceAll(destination.host, "destination.example")
      .replaceAll(image.digest, "sha256:<index>")
      .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:<image>");
    await expect(`${written}\n`).toMatchFileSnapshot("./provider-state.txt");
  });

  test("blocks, functions and their arguments are described by whole sentences", async () => {
    const document = await declared();
    const functions = Object.entries(document.functions).flatMap(([name, { description, parameters = [] }]) => [
      [name, description ?? ""] as const,
      ...parameters.map((parameter) => [`${name}(${parameter.name})`, parameter.description ?? ""] as const),
    ]);
    const described = [
      ...blocksOf(document).map(([path, { description = "" }]) => [path, description] as const),
      ...functions,
    ];
    expect(functions.length).toBeGreaterThan(4);
    expect(described.filter(([, description]) => !/^[A-Z`"].*\.$/s.test(description))).toEqual([]);
  });

  test("names are lower case, those of many values are plurals, and no switch is a negation", async () => {
    const attributes = blocksOf(await declared()).flatMap(([path, { attributes = {} }]) =>
      Object.entries(attributes).map(([name, { type }]) => ({ path: `${path}.${name}`, name, type })),
    );
    const names = (wrong: (attribute: (typeof attributes)[number]) => boolean): string[] => [
      ...new Set(attributes.filter(wrong).map(({ name }) => name)),
    ];
    expect(names(({ name }) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name))).toEqual([]);
    // Verbs that take patterns, as in other programs that select.
    const verbs = ["include", "exclude", "include_regex", "exclude_regex", "protect"];
    const isMany = ({ type }: { readonly type: unknown }): boolean => Array.isArray(type);
    expect(names((one) => isMany(one) && !one.name.endsWith("s")).toSorted()).toEqual(verbs.toSorted());
    // The names that the docker provider has for the same.
    const known = ["auth_disabled", "insecure_skip_verify"];
    const negative = /(?:^|_)(?:no|not|non|without|disabled?|skip|ignore|dont)(?:_|$)/;
    expect(names(({ name, type }) => type === "bool" && negative.test(name)).toSorted()).toEqual(known);
  });

  test("nothing is write-only, so that there is nothing whose null could be lost", async () => {
    const all = blocksOf(await declared()).flatMap(([path, { attributes = {} }]) =>
      Object.entries(attributes).map(([name, { write_only }]) => [`${path}.${name}`, write_only === true] as const),
    );
    expect(all.filter(([, writeOnly]) => writeOnly)).toEqual([]);
  });
});
