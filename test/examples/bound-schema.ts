import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CtyType } from "../../provider-shim/protocol/cty-type.ts";
import type { Block, NestedBlock } from "../../provider-shim/protocol/schema.ts";

/** The text of bindings that were generated from a schema. */
interface Bindings {
  readonly code: string;
  readonly declarations: string;
}

/**
 * The schema of a type of the kubernetes provider, read out of its bindings for CDKTF, which are generated from it:
 * what may be written, what must, and how blocks nest. What is computed only is not in it.
 * @param folder of the bindings, such as `deployment-v1`
 * @param name of the class, such as `DeploymentV1`
 * @throws Error when the bindings do not look as expected
 */
export function boundSchema(folder: string, name: string): Block {
  const bindings = { code: readAll(folder, ".js"), declarations: readAll(folder, ".d.ts") };
  return readBlock(
    between(bindings.code, "synthesizeHclAttributes() {", "// remove undefined"),
    `${name}Config`,
    bindings,
  );
}

/** The class, and the structures that it is made of: large ones stand in several files. */
function readAll(folder: string, extension: string): string {
  const library = dirname(createRequire(import.meta.url).resolve("@cdktf/provider-kubernetes/package.json"));
  const directory = join(library, "lib", folder);
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .join("\n");
}

/** How the bindings describe one attribute or block. */
const entry = /(\w+): \{\s+value: (.*),\s+isBlock: (true|false),\s+type: "(\w+)",\s+storageClassType: "(\w+)",\s+\}/g;

function readBlock(body: string, name: string, bindings: Bindings): Block {
  const declared = between(bindings.declarations, `export interface ${name} `, "\n}\n");
  const attributes: Record<string, Block["attributes"][string]> = {};
  const blocks: Record<string, NestedBlock> = {};
  for (const [, key = "", value = "", isBlock, kind = "", storage = ""] of body.matchAll(entry)) {
    const property = /(?:struct\.|this\._)(\w+)/.exec(value)?.[1] ?? "";
    const required = declared.includes(`readonly ${property}: `);
    if (isBlock === "true") blocks[key] = readNested(value, kind, required, bindings);
    else attributes[key] = { type: typeOf(kind, storage), description: "", required, optional: !required };
  }
  if (Object.keys(attributes).length + Object.keys(blocks).length === 0) throw new Error(`${name} has no attributes`);
  return { description: "", attributes, blocks };
}

function readNested(value: string, kind: string, required: boolean, bindings: Bindings): NestedBlock {
  const mapper = /\b(\w+)ToHclTerraform\b/.exec(value.replaceAll("cdktf.", ""))?.[1] ?? "";
  const body = between(bindings.code, `function ${mapper}ToHclTerraform(struct) {`, "// remove undefined");
  const block = readBlock(
    body,
    mapper.replace(/^./, (first) => first.toUpperCase()),
    bindings,
  );
  if (kind === "struct") return { nesting: "single", block };
  // Where there can be one only, the bindings map it and not a list of them.
  const max = value.includes("listMapperHcl") ? 0 : 1;
  return { nesting: kind === "set" ? "set" : "list", block, min: required ? 1 : 0, max };
}

function typeOf(kind: string, storage: string): CtyType {
  if (kind === "set") return ["set", "string"];
  const types: Readonly<Record<string, CtyType>> = {
    string: "string",
    number: "number",
    boolean: "bool",
    stringList: ["list", "string"],
    stringMap: ["map", "string"],
  };
  const type = types[storage];
  if (type === undefined) throw new Error(`There is no type for ${kind} of ${storage}`);
  return type;
}

function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`The bindings have no "${start}" with "${end}" behind it`);
  return text.slice(from + start.length, to);
}
