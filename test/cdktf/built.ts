import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type * as Cdktf from "cdktf";
import type * as Cdktn from "cdktn";
import { onTestFinished } from "vitest";
import type * as Constructs from "../../cdktf/index.ts";
import { OutputDirectory } from "../../tools/build/output-directory.ts";
import { buildConstructs } from "../../tools/cdktf/build-constructs.ts";

const root = resolve(import.meta.dirname, "../..");
/** As the programs of users load them: vitest would transform what it imports itself. */
const requirePackage = createRequire(import.meta.url);

export type Library = "cdktf" | "cdktn";

/** What a CDKTF program is made of, all of it for the same library. */
export interface Programming {
  readonly cdktf: typeof Cdktf;
  /** The built package. */
  readonly imagesync: typeof Constructs;
  /** A class of the bindings of Kubernetes, such as `DeploymentV1` in `deployment-v1`. */
  readonly kubernetes: (folder: string, name: string) => KubernetesClass;
}

/** A class of bindings: what its arguments are is for the program to know. */
type KubernetesClass = new (
  scope: Cdktf.TerraformStack,
  id: string,
  config: object,
) => Cdktf.TerraformResource & Record<string, unknown>;

/** The folder of the built package, made anew if it is not of this source tree. */
async function builtPackage(library: Library): Promise<string> {
  const output = new OutputDirectory(join(root, "dist"));
  await buildConstructs({ root, output });
  return output.file(`npm/${library}`);
}

/** For `cdktn` the bindings of Kubernetes are those for `cdktf` with the import replaced; there are no other ones. */
export async function programming(library: Library, kubernetesFolders: readonly string[] = []): Promise<Programming> {
  const imagesync = requirePackage(await builtPackage(library)) as typeof Constructs;
  const bindings =
    library === "cdktf" || kubernetesFolders.length === 0 ? undefined : await bindingsForCdktn(kubernetesFolders);
  return {
    // The programs of the tests use what both have in common, which is all but what the newer one has in addition.
    cdktf: requirePackage(library) as typeof Cdktf & typeof Cdktn,
    imagesync,
    kubernetes: (folder, name) => {
      const path = bindings === undefined ? `@cdktf/provider-kubernetes/lib/${folder}` : join(bindings, folder);
      const found = (requirePackage(path) as Record<string, KubernetesClass>)[name];
      if (found === undefined) throw new Error(`There is no ${name} in ${path}`);
      return found;
    },
  };
}

async function bindingsForCdktn(folders: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-cdktn-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), '{ "type": "commonjs" }');
  for (const folder of folders) {
    await cp(join(root, "node_modules/@cdktf/provider-kubernetes/lib", folder), join(directory, folder), {
      recursive: true,
      filter: (path) => !path.endsWith(".d.ts"),
    });
    for (const entry of await readdir(join(directory, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith(".js")) continue;
      const file = join(entry.parentPath, entry.name);
      const code = await readFile(file, "utf8");
      await writeFile(file, code.replaceAll('require("cdktf")', 'require("cdktn")'));
    }
  }
  return directory;
}

/** Warnings and errors that constructs have been given, each with the path of its construct. */
export function annotations(stack: Cdktf.TerraformStack): readonly { path: string; level: string; message: string }[] {
  return stack.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata
        .filter(({ type }) => type.startsWith("@cdktf/") || type.startsWith("@cdktn/"))
        .map(({ type, data }) => ({ path: node.path, level: type.replace(/^.*\//, ""), message: String(data) })),
    );
}

/** What Terraform reads of a stack. */
export interface Configuration {
  readonly resource: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
  readonly provider?: Readonly<Record<string, unknown>>;
  readonly terraform?: { readonly required_providers: unknown };
}
