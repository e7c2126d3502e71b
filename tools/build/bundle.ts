import { build } from "esbuild";
import type { Product } from "./product.ts";

/** One file with everything the program needs, for Node >= 20; it begins with the shebang of its source. */
export interface Bundle {
  readonly product: Product;
  readonly code: Uint8Array;
}

/** Packages that are CommonJS ask for Node's own modules by `require`, which an ES module has to make for itself. */
const requireForPackages =
  'import{createRequire as createRequireForPackages}from"node:module";' +
  "const require=createRequireForPackages(import.meta.url);";

/**
 * Bundles a program into one ES module. Bundling comes before Bun sees the code, because Bun replaces `import "undici"`
 * by a stub of its own that knows neither certificate authorities nor proxies.
 * @throws when the source has errors, or warnings: a warning is something that will not work in the bundle.
 */
export async function bundle(product: Product, options: { root: string; version: string }): Promise<Bundle> {
  const result = await build({
    absWorkingDir: options.root,
    entryPoints: [product.entry],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "esm",
    minify: true,
    banner: { js: requireForPackages },
    define: { IMAGESYNC_VERSION: JSON.stringify(options.version) },
    logLevel: "warning",
  });
  const [output] = result.outputFiles;
  if (output === undefined || result.warnings.length > 0) throw new Error(`${product.entry} cannot be bundled cleanly`);
  return { product, code: output.contents };
}
