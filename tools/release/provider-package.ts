import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Compiler } from "../build/compile.ts";
import { engineLauncher } from "../build/launcher.ts";
import { signAdHoc, signatureFaults } from "./code-signature.ts";
import { findRuntime } from "./runtime.ts";
import { fetchLibrary } from "./system-library.ts";
import type { Target } from "./target.ts";
import { type ArchiveFile, zipArchive } from "./zip-archive.ts";

/** What packages are made of. */
export interface Ingredients {
  /** Of the project. */
  readonly root: string;
  readonly version: string;
  readonly compiler: Compiler;
  /** A directory with the provider's bundle and the parts that it loads, where more files may be put. */
  readonly directory: string;
  /** Name of the bundle in it. */
  readonly bundle: string;
  readonly licence: Uint8Array;
}

/** Terraform takes the first file whose name begins with the provider's as the provider: nothing else may. */
const engineName = "imagesync-engine";

/** Name of a release's file: what comes after the version is its platform and kind. */
export function releaseFile(version: string, rest: string): string {
  return `terraform-provider-imagesync_${version}_${rest}`;
}

/** Makes the archive of a platform that Terraform, OpenTofu and their registries take. */
export async function providerPackage(target: Target, ingredients: Ingredients): Promise<Buffer> {
  const { version, directory, licence } = ingredients;
  const program = `terraform-provider-imagesync_v${version}`;
  const licences = [
    { name: "LICENSE", content: licence, mode: 0o644 },
    { name: "NOTICE", content: Buffer.from(notice(target)), mode: 0o644 },
  ];
  const executable = await compile(target, ingredients);
  const files: readonly ArchiveFile[] =
    target.os === "windows"
      ? [{ name: `${program}.exe`, content: executable, mode: 0o755 }]
      : [
          { name: program, content: Buffer.from(launcherOf(target)), mode: 0o755 },
          { name: engineName, content: executable, mode: 0o755 },
        ];
  const library = target.library === undefined ? [] : await fetchLibrary(target.library, directory);
  const packed = library.map((file) => ({ ...file, name: `lib/${file.name}` }));
  return await zipArchive([...files, ...licences, ...packed].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

async function compile(target: Target, { root, compiler, directory, bundle }: Ingredients): Promise<Buffer> {
  const program = await findRuntime(target, directory, root);
  // Bun adds the ending to what is for Windows when it is not there.
  const name = join(directory, `${target.os}-${target.arch}.${target.os === "windows" ? "exe" : "bin"}`);
  await compiler.compile(join(directory, bundle), name, { target: target.bunTarget, program });
  const made = await readFile(name);
  if (target.os !== "darwin") return made;
  const signed = signAdHoc(made, "imagesync");
  const faults = signatureFaults(signed);
  if (faults.length > 0) throw new Error(`The signature of ${target.arch} for macOS is wrong: ${faults.join(", ")}`);
  return signed;
}

function launcherOf({ library }: Target): string {
  if (library === undefined) return engineLauncher(engineName);
  return engineLauncher(engineName, { system: library.systemLoader, name: library.loader });
}

function notice({ library }: Target): string {
  const parts = [
    "imagesync is under the MPL-2.0: see LICENSE.",
    "The executable contains Bun (MIT; its JavaScriptCore is LGPL-2.0): https://github.com/oven-sh/bun",
  ];
  if (library !== undefined) {
    parts.push(
      `lib/ holds the GNU C Library as Debian has it in ${library.package} ${library.version} (LGPL-2.1: see lib/COPYRIGHT);`,
      "files of another build of it may be put in their places.",
    );
  }
  return `${parts.join("\n")}\n`;
}
