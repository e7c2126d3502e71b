import { resolve } from "node:path";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { delayModules } from "./late-modules.ts";
import type { Product } from "./product.ts";

/** What the program needs, for Node >= 20. */
export interface Bundle {
  readonly product: Product;
  /** Begins with the shebang of its source. */
  readonly code: Uint8Array;
  /** Files that it loads when it needs them: name, for a place beside it → content. None when all is in `code`. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** Directories of the packages whose code is in it or in the parts, absolute. */
  readonly packages: readonly string[];
}

export interface BundleOptions {
  readonly root: string;
  readonly version: string;
  /** Leave out what most runs never need, as parts: a program starts the faster the less of it is read. */
  readonly parts: boolean;
  /** Packages that stay imports, for code that is installed with them. */
  readonly external?: string[];
}

/**
 * The packages that become parts: more than half of all code, for the registries of two clouds. Both are CommonJS, which
 * passes on only what is named: whoever uses more of them adds it here.
 */
const apart: ReadonlyMap<string, { readonly file: string; readonly source: string }> = new Map([
  [
    "google-auth-library",
    { file: "google-auth-library.mjs", source: `export { GoogleAuth } from "google-auth-library";` },
  ],
  [
    "@aws-sdk/client-ecr",
    {
      file: "aws-sdk-client-ecr.mjs",
      source: `export { BatchDeleteImageCommand, CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";`,
    },
  ],
]);

/** Packages that are CommonJS ask for Node's own modules by `require`, which an ES module has to make for itself. */
const requireForPackages =
  'import{createRequire as createRequireForPackages}from"node:module";' +
  "const require=createRequireForPackages(import.meta.url);";

/**
 * Bundles a program into an ES module. Bundling comes before Bun sees the code, because Bun replaces `import "undici"`
 * by a stub of its own that knows neither certificate authorities nor proxies.
 * @throws when the source has errors, or warnings: a warning is something that will not work in the bundle.
 */
export async function bundle(
  product: Product,
  { root, version, parts, external = [] }: BundleOptions,
): Promise<Bundle> {
  const packages = new Set<string>();
  const make = async (more: BuildOptions): Promise<Uint8Array> => {
    const define = { IMAGESYNC_VERSION: JSON.stringify(version) };
    const { code, metafile } = await bundleOf({ absWorkingDir: root, external, define, ...more });
    for (const directory of packagesIn(metafile)) packages.add(resolve(root, directory));
    return code;
  };
  const made = await makeAll(product, root, parts, make);
  return { product, ...made, packages: [...packages].sort() };
}

async function makeAll(
  product: Product,
  root: string,
  parts: boolean,
  make: (options: BuildOptions) => Promise<Uint8Array>,
): Promise<Pick<Bundle, "code" | "parts">> {
  const plugins = [delayModules(root)];
  const main = { entryPoints: [product.entry], plugins };
  if (!parts) return { code: await make(main), parts: new Map() };
  const made = [...apart.values()].map(
    async ({ file, source }) => [file, await make({ stdin: { contents: source, resolveDir: root } })] as const,
  );
  return {
    code: await make({ ...main, plugins: [...plugins, leaveOut] }),
    parts: new Map(await Promise.all(made)),
  };
}

/** Leads the imports of parts to the files that they become. */
const leaveOut: Plugin = {
  name: "leave-out",
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path }) => {
      const part = apart.get(path);
      return part === undefined ? undefined : { path: `./${part.file}`, external: true };
    });
  },
};

/** The packages of which something is left when what is not used has been dropped. */
function packagesIn({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.flatMap(([path, { bytesInOutput }]) => {
    const [, directory] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    return directory === undefined || bytesInOutput === 0 ? [] : [directory];
  });
}

async function bundleOf(options: BuildOptions): Promise<{ readonly code: Uint8Array; readonly metafile: Metafile }> {
  const result = await build({
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "esm",
    minify: true,
    banner: { js: requireForPackages },
    logLevel: "warning",
    metafile: true,
    ...options,
  });
  const [output] = result.outputFiles ?? [];
  const { metafile } = result;
  if (output === undefined || metafile === undefined || result.warnings.length > 0)
    throw new Error("The source cannot be bundled cleanly");
  return { code: output.contents, metafile };
}
