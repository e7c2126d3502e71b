import { join } from "node:path";
import { build } from "esbuild";
import { cacheRoot } from "./cache.ts";

/**
 * Bundles a script of the bench for the Node that measures it, as the products are bundled: nobody's start is timed
 * with a hundred small files. Answers with where it is. @throws when it does not build.
 */
export async function bundle(script: string): Promise<string> {
  const outfile = join(cacheRoot, "bench", `${script}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${script}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
  });
  return outfile;
}
