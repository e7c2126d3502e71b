import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The compiler that makes one executable of a bundle, the parts beside it and its runtime. */
export interface Compiler {
  /** Changes whenever equal bundles may be compiled to something else. */
  readonly identity: string;
  /** Equal bundles of equal names become equal executables when these are made under one name beside their bundle. */
  compile(bundle: string, executable: string, runtime?: Runtime): Promise<void>;
}

/** The runtime of another platform, for executables that run there. */
interface Runtime {
  /** Bun's name of the platform. */
  readonly target: string;
  /** Where the Bun of that platform is. */
  readonly program: string;
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
    async compile(bundle, executable, runtime) {
      // Paths are written into what is compiled: without the directory they are the same everywhere.
      const directory = dirname(bundle);
      const foreign =
        runtime === undefined ? [] : [`--target=${runtime.target}`, `--compile-executable-path=${runtime.program}`];
      const names = [`./${basename(bundle)}`, "--outfile", relative(directory, executable)];
      await run(program, [...buildOptions, ...foreign, ...names], { cwd: directory });
    },
  };
}
