import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type * as Cdktf from "cdktf";
import type * as Cdktn from "cdktn";
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
export async function builtPackage(library: Library): Promise<string> {
  const output = new OutputDirectory(join(root, "dist"));
  await buildConstructs({ root, output });
  return output.file(`npm/${library}`);
}

/** The package and its library, and for `cdktf` the bindings of Kubernetes: there are none for `cdktn`. */
export async function programming(library: Library): Promise<Programming> {
  return {
    // The programs of the tests use what both have in common, which is all but what the newer one has in addition.
    cdktf: requirePackage(library) as typeof Cdktf & typeof Cdktn,
    imagesync: requirePackage(await builtPackage(library)) as typeof Constructs,
    kubernetes: (folder, name) => {
      const file = `@cdktf/provider-kubernetes/lib/${folder}`;
      const found = (requirePackage(file) as Record<string, KubernetesClass>)[name];
      if (found === undefined) throw new Error(`There is no ${name} in ${file}`);
      return found;
    },
  };
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
