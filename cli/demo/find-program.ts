import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** The first of the programs that is on PATH, by its whole path. */
export function findOnPath(names: readonly string[], path: string | undefined): string | undefined {
  const directories = (path ?? "").split(delimiter).filter((directory) => directory !== "");
  return names.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
}

/** The directory with the Terraform provider: beside this program, or where the build of this checkout puts it. */
export function findProviderDirectory(): string | undefined {
  const beside = [process.execPath, process.argv[1]].flatMap((program) => {
    const directory = program === undefined ? undefined : directoryOf(program);
    return directory === undefined ? [] : [directory, dirname(directory), join(dirname(directory), "dist")];
  });
  return beside.find((directory) => isExecutable(join(directory, "terraform-provider-imagesync")));
}

function directoryOf(program: string): string | undefined {
  try {
    return dirname(realpathSync(program));
  } catch {
    // A compiled program has a path of its own making here, that is on no disk.
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // It is not there, or not for us: both mean that it cannot be used.
    return false;
  }
}
