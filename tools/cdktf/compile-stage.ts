import { execFile } from "node:child_process";
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { providerAddress } from "./provider-document.ts";

const run = promisify(execFile);

export interface StageOptions {
  readonly root: string;
  /** An empty directory to work in. */
  readonly stage: string;
  /** The files of the constructs and of what they import, relative to `root`. */
  readonly sources: readonly string[];
  /** What the provider declares, as JSON. */
  readonly document: string;
  /** The versions of the provider that the bindings ask Terraform for. */
  readonly constraint: string;
}

/**
 * Generates the bindings, puts the constructs around them, and compiles both, so that constructs which use what the
 * bindings do not have are an error. @returns the directory of what was compiled, CommonJS
 * @throws with what the compiler says
 */
export async function compileStage(options: StageOptions): Promise<string> {
  const { root, stage, sources } = options;
  for (const source of sources) await cp(join(root, source), join(stage, source));
  await symlink(join(root, "node_modules"), join(stage, "node_modules"));
  await generateBindings(options, join(stage, "cdktf", "bindings"));
  await writeFile(join(stage, "package.json"), '{ "type": "commonjs" }\n');
  await writeFile(join(stage, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["cdktf/index.ts"] }));
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [compiler, "-p", stage], { cwd: stage }).catch((error: unknown) => {
    throw new Error(`The constructs do not fit the bindings:\n${(error as { readonly stdout: string }).stdout}`, {
      cause: error,
    });
  });
  return join(stage, "compiled", "cdktf");
}

const compilerOptions = {
  target: "es2023",
  lib: ["es2023"],
  module: "nodenext",
  types: ["node"],
  rootDir: ".",
  outDir: "compiled",
  declaration: true,
  strict: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
};

/** One folder for each type, and an index of all of them. */
async function generateBindings({ root, stage, document, constraint }: StageOptions, bindings: string): Promise<void> {
  const documentFile = join(stage, "document.json");
  const generated = join(stage, "generated");
  await writeFile(documentFile, document);
  const source = providerAddress.replace(/^registry\.terraform\.io\//, "");
  const args = [join(root, "tools", "generate-bindings.ts"), documentFile, `${source}@${constraint}`, generated];
  // See there: it shall neither start Terraform nor tell anybody of what fails.
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", TERRAFORM_BINARY_NAME: "true" };
  await run(process.execPath, args, { cwd: stage, env });
  await mkdir(dirname(bindings), { recursive: true });
  await rename(join(generated, "providers", "imagesync"), bindings);
  await rm(join(bindings, "lazy-index.ts"));
  const folders = (await readdir(bindings, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const index = folders.map(({ name }) => `export * from "./${name}/index.js";\n`).sort();
  await writeFile(join(bindings, "index.ts"), index.join(""));
}
