import { expect, onTestFinished } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { signatureMarkdown } from "../../tools/docs/function-markdown.ts";
import { openWorkspaceFor } from "../acceptance/stage.ts";
import { openWorld, type World } from "../golden/world.ts";
import { buildPlatformIndex } from "../support/images/index.ts";
import { attachedProvider, type Workspace } from "../support/terraform/index.ts";
import { type Block, blockName, extractBlocks } from "./block.ts";
import { generatedPages } from "./declared.ts";
import type { Handler } from "./handler.ts";

const blocks = [...generatedPages].flatMap(([file, text]) => extractBlocks(file, text));
const isSignature = ({ language }: Block): boolean => language === "text";

/** Of each page: its examples, which are files of `examples`, applied as they stand to registries of those names. */
export const pageExampleHandlers: readonly Handler[] = [...generatedPages.keys()].map((file) => ({
  proves: `the examples of ${file} are valid, do what they say, leave nothing to do, and are destroyed`,
  blocks: blocks.filter((block) => block.file === file && !isSignature(block)).map(blockName),
  needs: ["terraform"],
  run: (found) => applyPage(found),
}));

/** The signatures of the functions. */
export const signatureHandler: Handler = {
  proves: "the signatures of the functions are those that the provider declares",
  blocks: blocks.filter(isSignature).map(blockName),
  needs: [],
  run(found) {
    const { functions } = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
    const declared = Object.entries(functions).map(([name, definition]) => signatureMarkdown(name, definition));
    expect(declared).toHaveLength(found.length);
    for (const { text } of found) expect(declared.some((signature) => signature.includes(`\n${text}`))).toBe(true);
    return Promise.resolve();
  },
};

const password = "correct horse battery staple";

async function applyPage(found: readonly Block[]): Promise<void> {
  const world = await openSources(found.some(({ text }) => text.includes("registry_auth")));
  const examples = found.filter(({ language, text }) => language === "terraform" && !text.startsWith("import {"));
  const applied: Workspace[] = [];
  for (const { text } of examples) {
    const workspace = await openExample(world, text);
    applied.push(workspace);
    await workspace.apply();
    await expectNothingToDo(workspace);
    const state = await workspace.state();
    for (const [name, said] of valuesSaid(text)) {
      expect({ name, value: state.output(name) }).toEqual({ name, value: await valueOf(workspace, said) });
    }
  }
  for (const { text, language } of found) {
    if (text.startsWith("import {")) await importByBlock(world, text);
    if (language === "shell") await importByCommands(world, text, found);
  }
  for (const workspace of applied) {
    await workspace.destroy();
    expect((await workspace.state()).addresses).toEqual([]);
  }
}

/** Everything that the examples copy, where they copy it from. */
async function openSources(withLogin: boolean): Promise<World> {
  const auth = { kind: "basic", users: { robot: password } } as const;
  const world = await openWorld({
    "docker.io": {},
    "ghcr.io": {},
    "registry.example.com": withLogin ? { auth } : {},
  });
  const manyPlatforms = [
    "docker.io/library/nginx:1.29",
    "docker.io/library/redis:8.2",
    "docker.io/library/redis:8.2-alpine",
  ];
  for (const reference of manyPlatforms) {
    await world.push(reference, buildPlatformIndex({ seed: reference, layers: [800] }));
  }
  const nginx = ["1.27.5", "1.28.0", "1.29.1", "1.29.1-alpine", "latest"].map(
    (tag) => `docker.io/library/nginx:${tag}`,
  );
  const app = ["1.4.2", "v1.0.0", "v2.0.0", "v2.0.0-debug", "pr-7"].map((tag) => `ghcr.io/acme/app:${tag}`);
  for (const reference of [...nginx, ...app]) await world.push(reference);
  return world;
}

async function openExample(world: World, text: string): Promise<Workspace> {
  const definition = createProvider({ version: "0.0.0", environment: world.environment, redactor: createRedactor() });
  const provider = await attachedProvider(definition, { protocol: 6 });
  onTestFinished(() => provider.close());
  const workspace = await openWorkspaceFor({
    ...provider,
    environment: { ...provider.environment, TF_VAR_registry_password: password },
  });
  await workspace.write(text.includes("required_providers") ? text : `${header}\n${text}`);
  expect(await workspace.validate()).toEqual([]);
  return workspace;
}

const header = `terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}
`;

async function expectNothingToDo(workspace: Workspace): Promise<void> {
  const plan = await workspace.plan();
  expect(plan.actions).toEqual({});
  expect(plan.changedOutputs).toEqual([]);
}

/** The outputs that have their value written above them, in comments that begin with an equals sign. */
function valuesSaid(text: string): readonly (readonly [name: string, said: string])[] {
  return [...text.matchAll(/^# = (.*\n(?:#   .*\n)*)output "(\w+)"/gm)].map(([, said = "", name = ""]) => [
    name,
    said.replaceAll(/^#/gm, ""),
  ]);
}

async function valueOf(workspace: Workspace, expression: string): Promise<unknown> {
  // A console takes one line.
  const line = expression
    .trim()
    .replaceAll(/([^{\n,])\n/g, "$1, ")
    .replaceAll("\n", " ");
  const { stdout } = await workspace.console(`jsonencode(${line})`);
  return JSON.parse(JSON.parse(stdout) as string) as unknown;
}

/** What is at its destination already needs no change. */
async function importByBlock(world: World, text: string): Promise<void> {
  const former = await openExample(world, text.slice(text.indexOf("resource ")));
  await former.apply();
  const workspace = await openExample(world, text);
  const plan = await workspace.plan();
  expect(Object.values(plan.document.resource_changes ?? {}).map(({ change }) => change.actions)).toEqual([["no-op"]]);
  expect(plan.text).toContain("1 to import, 0 to add, 0 to change, 0 to destroy");
}

/** The first command names the source and leaves nothing to do, the second does not and leaves an update in place. */
async function importByCommands(world: World, script: string, found: readonly Block[]): Promise<void> {
  const addresses = [...script.matchAll(/^terraform import (\S+) (\S+)$/gm)].map(([, address = "", id = ""]) => ({
    address,
    id,
  }));
  expect(addresses).toHaveLength(2);
  const resources = addresses.map(({ address }) => resourceOf(address, found));
  const workspace = await openExample(world, resources.join("\n"));
  for (const { address, id } of addresses) await workspace.must(["import", "-input=false", "-no-color", address, id]);
  expect((await workspace.plan()).actions).toEqual({ [addresses[1]?.address ?? ""]: "update" });
  const before = world.writes("registry.example.com").length;
  await workspace.apply();
  expect(world.writes("registry.example.com")).toHaveLength(before);
  await expectNothingToDo(workspace);
}

/** The text of a resource in the last example of a page that has it. */
function resourceOf(address: string, found: readonly Block[]): string {
  const [type = "", name = ""] = address.split(".");
  const heading = `resource "${type}" "${name}" {\n`;
  const texts = found.flatMap(({ text }) => (text.includes(heading) ? [text.slice(text.indexOf(heading))] : []));
  const last = texts.at(-1) ?? "";
  return last.slice(0, last.indexOf("\n}\n") + 3);
}
