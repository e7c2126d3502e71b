import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { OutputDirectory } from "../build/output-directory.ts";
import { version } from "../../version.ts";
import { compileStage } from "./compile-stage.ts";
import { packageFiles } from "./package-files.ts";
import { providerDocument } from "./provider-document.ts";

/** What CDKTF programs are written with: CDKTF, and the project that has gone on with it. */
const libraries = ["cdktf", "cdktn"] as const;

/** What else decides what the packages are: a change there makes them anew. */
const makers = [
  "package-lock.json",
  "tools/cdktf/compile-stage.ts",
  "tools/cdktf/package-files.ts",
  "tools/generate-bindings.ts",
];

export interface BuildConstructsOptions {
  readonly root: string;
  /** Where the folders `npm/cdktf` and `npm/cdktn` go. */
  readonly output: OutputDirectory;
}

/**
 * Builds the packages for CDKTF programs unless they are there and made of the same: bindings that are generated from
 * the provider's schema, and the constructs, with their types.
 * @returns whether they were made
 */
export async function buildConstructs({ root, output }: BuildConstructsOptions): Promise<boolean> {
  const document = JSON.stringify(providerDocument());
  const constraint = constraintFor(version());
  const { code, sources } = await bundleConstructs(root);
  const texts = await Promise.all([...sources, ...makers].map((file) => readFile(join(root, file))));
  const names = libraries.map((library) => `npm/${library}/index.js`) as [string, ...string[]];
  return await output.refresh(names, [document, constraint, code, ...texts], async () => {
    const stage = await mkdtemp(join(tmpdir(), "imagesync-cdktf-"));
    try {
      const compiled = await compileStage({ root, stage, sources, document, constraint });
      for (const library of libraries) {
        for (const [name, content] of await packageFiles({ compiled, code, library }))
          await output.write(`npm/${library}/${name}`, content);
      }
    } finally {
      await rm(stage, { recursive: true });
    }
  });
}

/** The constructs with what they need of the engine, in one file; the bindings stay beside it. */
async function bundleConstructs(root: string): Promise<{ readonly code: string; readonly sources: readonly string[] }> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ["cdktf/index.ts"],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["cdktf", "constructs", "./bindings/index.js"],
    logLevel: "warning",
  });
  const [output] = result.outputFiles;
  if (output === undefined || result.warnings.length > 0) throw new Error("The constructs cannot be bundled cleanly");
  return { code: output.text, sources: Object.keys(result.metafile.inputs).sort() };
}

/** The providers that have all of these attributes: later ones, until a version number that says otherwise. */
function constraintFor(version: string): string {
  const [major, minor, patch] = version.replace(/[-+].*$/, "").split(".");
  return major === "0" ? `~> ${major}.${minor}.${patch}` : `~> ${major}.${minor}`;
}
