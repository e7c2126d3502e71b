import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "../build/bundle.ts";
import { type Compiler, findCompiler } from "../build/compile.ts";
import { type Product, products } from "../build/product.ts";

const run = promisify(execFile);

/** A program before it is compiled. */
export interface BundledProgram {
  /** Name of its bundle in the directory of the ingredients. */
  readonly bundle: string;
  /** Directories of the packages in it. */
  readonly packages: readonly string[];
}

/** What the packages of every platform are made of. */
export interface Ingredients {
  /** Of the project. */
  readonly root: string;
  readonly version: string;
  readonly compiler: Compiler;
  /** A directory with the bundles and the parts that they load, where more files may be put. */
  readonly directory: string;
  readonly licence: Uint8Array;
  readonly provider: BundledProgram;
  readonly commandLine: BundledProgram;
  /** Name of each shell → the script that makes it complete commands. */
  readonly completions: ReadonlyMap<string, Uint8Array>;
}

/** Bundles the programs into the directory, and reads what goes with them. */
export async function gatherIngredients(root: string, version: string, directory: string): Promise<Ingredients> {
  const compiler = await findCompiler(root);
  if (compiler === undefined) throw new Error("There is no Bun for this machine, by which executables are compiled");
  const put = async (product: Product | undefined): Promise<BundledProgram> => {
    if (product === undefined) throw new Error("There is a program too few among the products");
    const { code, parts, packages } = await bundle(product, { root, version, parts: true });
    const name = `${product.engineName ?? product.name}.mjs`;
    for (const [file, content] of [[name, code] as const, ...parts]) await writeFile(join(directory, file), content);
    return { bundle: name, packages };
  };
  return {
    root,
    version,
    compiler,
    directory,
    licence: await readFile(join(root, "LICENSE")),
    provider: await put(products.find(({ engineName }) => engineName !== undefined)),
    commandLine: await put(products.find(({ engineName }) => engineName === undefined)),
    completions: await completions(join(root, "cli/main.ts")),
  };
}

async function completions(program: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const scripts = ["bash", "zsh", "fish", "powershell"].map(async (shell) => {
    const { stdout } = await run(process.execPath, [program, "completion", shell]);
    return [shell, Buffer.from(stdout)] as const;
  });
  return new Map(await Promise.all(scripts));
}
