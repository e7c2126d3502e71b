import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The compiler that makes one executable of a bundle, the parts beside it and its runtime. */
export interface Compiler {
  /** Changes whenever equal bundles may be compiled to something else. */
  readonly identity: string;
  compile(bundle: string, executable: string): Promise<void>;
}

/**
 * The options matter: without `--splitting` all that a program may ever load is read when it starts; and without the two `--no-compile-autoload` the program would read `.env` and `bunfig.toml` from the
 * directory it is started in, and a `preload` there is code of a stranger that runs in it.
 */
const buildOptions = [
  "build",
  "--compile",
  "--bytecode",
  "--splitting",
  "--format=esm",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** Bun from the project's packages; undefined where there is none for this machine. */
export async function findCompiler(root: string): Promise<Compiler | undefined> {
  const home = join(root, "node_modules", "@oven", `bun-${process.platform}-${process.arch}`);
  const program = join(home, "bin", "bun");
  const usable = await access(program).then(
    () => true,
    () => false,
  );
  if (!usable) return undefined;
  const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { version: string };
  return {
    identity: JSON.stringify([version, process.platform, process.arch, buildOptions]),
    async compile(bundle, executable) {
      await run(program, [...buildOptions, bundle, "--outfile", executable], { cwd: root });
    },
  };
}
