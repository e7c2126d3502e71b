import { readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../version.ts";
import { UsageError } from "../usage-error.ts";

/** A file of the installed provider. */
export type ProgramFile = { readonly name: string; readonly executable: boolean } & (
  | { readonly from: string }
  | { readonly content: string }
);

/** The provider, ready to be installed. */
export interface ProviderProgram {
  readonly files: readonly ProgramFile[];
  /** What has to stand in the file {@link interpreterFile} beside the directory of the files. */
  readonly interpreter?: string;
}

/**
 * Which Node starts the provider is told outside of its directory. Terraform's lock files know a directory by what is in
 * it: so they are the same on every machine, and stay right when Node is put elsewhere.
 */
export const interpreterFile = "node";

const compiled = { launcher: "terraform-provider-imagesync", engine: "imagesync-engine" };
const bundle = "terraform-provider-imagesync.mjs";
const commandLine = "imagesync.mjs";

/** Finds the provider that came with this program: compiled, or as modules for Node. @throws UsageError when there is none */
export async function findProgram(): Promise<ProviderProgram> {
  const own = dirname(fileURLToPath(import.meta.url));
  for (const directory of [own, join(own, "bundle"), dirname(await realpath(process.execPath))]) {
    // Within an executable, the directory of the source is none that could be read.
    const names = await readdir(directory).catch((): string[] => []);
    if (names.includes(bundle)) return { files: filesForNode(directory, names), interpreter: process.execPath };
    if (names.includes(compiled.launcher) && names.includes(compiled.engine)) {
      return { files: compiledFiles(directory) };
    }
  }
  throw new UsageError(
    "Cannot install the provider: none came with this program",
    'Give the archive of a release, or run "npx imagesync provider install"',
  );
}

function compiledFiles(directory: string): readonly ProgramFile[] {
  return [
    { name: programName(), executable: true, from: join(directory, compiled.launcher) },
    { name: compiled.engine, executable: true, from: join(directory, compiled.engine) },
  ];
}

/** Terraform starts a file whose name ends with the version, which Node does not take for a module: a script starts Node. */
function filesForNode(directory: string, names: readonly string[]): readonly ProgramFile[] {
  const module = `${compiled.engine}.mjs`;
  const parts = names.filter((name) => name.endsWith(".mjs") && name !== bundle && name !== commandLine);
  return [
    { name: programName(), executable: true, content: launcherForNode(module) },
    { name: module, executable: false, from: join(directory, bundle) },
    ...parts.map((name) => ({ name, executable: false, from: join(directory, name) })),
  ];
}

function programName(): string {
  return `terraform-provider-imagesync_v${version()}`;
}

/**
 * Starts the Node that has installed it, as Terraform may be run with another PATH; another one when that is gone.
 * Terraform links the directory into its own: the way up from it leads to where it was installed all the same.
 * NODE_OPTIONS would load code of whoever runs Terraform into the provider.
 */
function launcherForNode(module: string): string {
  return `#!/bin/sh
unset NODE_OPTIONS
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
node=
[ -r "\${self%/*}/../${interpreterFile}" ] && IFS= read -r node <"\${self%/*}/../${interpreterFile}"
[ -x "$node" ] || node=node
exec "$node" "\${self%/*}/${module}" "$@"
`;
}
