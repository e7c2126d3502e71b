import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";

export interface PackageOptions {
  /** The directory of what was compiled. */
  readonly compiled: string;
  /** The constructs, bundled. */
  readonly code: string;
  /** The package that programs have CDKTF from. */
  readonly library: "cdktf" | "cdktn";
}

/**
 * The files of a package, by their names. They are CommonJS, as the projects are that `cdktf init` makes, and
 * `index.js` is where those find it, which read no map of exports. What was compiled against `cdktf` works with `cdktn` when it
 * imports that instead: each refuses what is built on the other's classes.
 */
export async function packageFiles({ compiled, code, library }: PackageOptions): Promise<ReadonlyMap<string, string>> {
  const files = new Map([
    ["package.json", '{ "type": "commonjs" }\n'],
    ["index.js", code],
  ]);
  for (const name of await typesFrom(compiled, "index.d.ts"))
    files.set(name, withoutTypeScriptNames(await readFile(join(compiled, name), "utf8")));
  for (const entry of await readdir(join(compiled, "bindings"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(posix.join("bindings", file.slice(join(compiled, "bindings").length + 1)), await readFile(file, "utf8"));
  }
  return new Map([...files].map(([name, content]) => [name, importingFrom(library, content)]));
}

/** The declarations that the first one leads to, those of the bindings aside. */
async function typesFrom(compiled: string, first: string): Promise<ReadonlySet<string>> {
  const found = new Set([first]);
  for (const name of found) {
    const text = await readFile(join(compiled, name), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from |import\()"(\.[^"]+)"/g)) {
      const target = posix.join(dirname(name), specifier.replace(/\.[jt]s$/, ".d.ts"));
      if (!target.startsWith("bindings/")) found.add(target);
    }
  }
  return found;
}

/** There is no `x.ts` in the package; the declarations of `x.js` are found at `x.d.ts`. */
function withoutTypeScriptNames(declarations: string): string {
  return declarations.replace(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1.js"');
}

function importingFrom(library: string, content: string): string {
  return content.replace(/((?:from |require\(|import\()["'])cdktf(["'])/g, `$1${library}$2`);
}
