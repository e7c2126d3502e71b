import { relative, resolve, sep } from "node:path";
import type { Plugin } from "esbuild";

/**
 * Modules that are evaluated at the first call of one of their functions, and what they export. They bring packages
 * that take milliseconds to set up, which every start would pay for and few need: Terraform starts the provider two to
 * five times for one command. Their callers are synchronous, so that they cannot be imported when they are needed.
 */
export const lateModules: ReadonlyMap<string, readonly string[]> = new Map([
  ["engine/select/regex.ts", ["compileRegex"]],
  ["engine/select/semver.ts", ["compileRange"]],
]);

const namespace = "late";

/**
 * Puts functions that load the module in the place of a late one. That works because esbuild takes `require` of a
 * module into the bundle and wraps what is required in a function.
 */
export function delayModules(root: string): Plugin {
  return {
    name: "delay-modules",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
        const file = resolve(resolveDir, path);
        const name = relative(root, file).split(sep).join("/");
        return kind === "import-statement" && lateModules.has(name) ? { path: name, namespace } : undefined;
      });
      build.onLoad({ filter: /./, namespace }, ({ path }) => ({
        resolveDir: root,
        contents: (lateModules.get(path) ?? [])
          .map((name) => `export const ${name} = (...all) => require("./${path}").${name}(...all);`)
          .join("\n"),
      }));
    },
  };
}
