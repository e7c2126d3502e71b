import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files of types, by their names, that the engine's public API leads to; and no others. @throws with what the compiler says */
export async function engineTypes(root: string): Promise<ReadonlyMap<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-types-"));
  try {
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noEmit: false, emitDeclarationOnly: true, rootDir: root, outDir: directory },
      include: [],
      files: [join(root, "engine/index.ts"), join(root, "engine/http/undici.d.ts")],
    };
    // In the project's directory nothing is written: the types of Node are named where they are.
    Object.assign(config.compilerOptions, { typeRoots: [join(root, "node_modules/@types")] });
    const file = join(directory, "tsconfig.json");
    await writeFile(file, JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [compiler, "-p", file]).catch((error: unknown) => {
      throw new Error(`There are no types of the engine:\n${(error as { stdout: string }).stdout}`, { cause: error });
    });
    return await closure(directory, "engine/index.d.ts");
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The file, and all that it leads to by relative imports. */
async function closure(directory: string, start: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const text = await readFile(join(directory, name), "utf8");
    found.set(name, text);
    for (const [, path = ""] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.ts["']/g)) {
      open.push(normalize(join(dirname(name), `${path}.d.ts`)));
    }
  }
  return found;
}
