/**
 * `make build`: the programs, each as one executable in dist/, and as bundles for Node in dist/bundle/, with the parts
 * that they load when they need them.
 *
 *   --output DIR   put them there instead of dist/
 *   --node         scripts that run on Node, each in one file, as on machines for which there is no Bun
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Bundle, bundle } from "./build/bundle.ts";
import { type Compiler, findCompiler } from "./build/compile.ts";
import { engineLauncher } from "./build/launcher.ts";
import { OutputDirectory } from "./build/output-directory.ts";
import { products } from "./build/product.ts";
import { version } from "../version.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { output: { type: "string" }, node: { type: "boolean" } } });
const output = new OutputDirectory(resolve(values.output ?? join(root, "dist")));

const compiler = values.node === true ? undefined : await findCompiler(root);
if (compiler === undefined) {
  console.log("No Bun for this machine: dist/ gets scripts that need Node >= 20.19 on PATH, same names, slower start");
}

for (const product of products) {
  const made = await produce(
    await bundle(product, { root, version: version(), parts: compiler !== undefined }),
    compiler,
  );
  console.log(`${output.file(product.name)}: ${made ? "built" : "up to date"}`);
}

async function produce({ product, code, parts }: Bundle, compiler: Compiler | undefined): Promise<boolean> {
  const { name, engineName } = product;
  const bundleName = `bundle/${name}.mjs`;
  await output.write(bundleName, code);
  for (const [part, content] of parts) await output.write(`bundle/${part}`, content);
  if (compiler === undefined) return await output.refresh([name], [code], () => output.write(name, code, 0o755));
  const compile = (executable: string): Promise<void> =>
    output.replace(executable, (temporary) => compiler.compile(output.file(bundleName), temporary));
  if (engineName === undefined)
    return await output.refresh([name], [compiler.identity, code, ...parts.values()], () => compile(name));
  const launcher = engineLauncher(engineName);
  return await output.refresh([name, engineName], [compiler.identity, launcher, code, ...parts.values()], async () => {
    await compile(engineName);
    await output.write(name, launcher, 0o755);
  });
}
