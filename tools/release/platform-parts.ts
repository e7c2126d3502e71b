import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { signAdHoc, signatureFaults } from "./code-signature.ts";
import type { BundledProgram, Ingredients } from "./ingredients.ts";
import { findRuntime } from "./runtime.ts";
import { fetchLibrary } from "./system-library.ts";
import { type Target, targetName } from "./target.ts";
import type { ArchiveFile } from "./zip-archive.ts";

/** What the packages of one platform have in common. */
export interface PlatformParts {
  readonly target: Target;
  /** Path of the Bun of that platform. */
  readonly runtime: string;
  /** The loader, the C library and their licence, where they are packed. */
  readonly library: readonly ArchiveFile[];
}

/** Gets them from npm and Debian. */
export async function gatherParts(target: Target, { directory, root }: Ingredients): Promise<PlatformParts> {
  return {
    target,
    runtime: await findRuntime(target, directory, root),
    library: target.library === undefined ? [] : await fetchLibrary(target.library, directory),
  };
}

/** Compiles a program into one executable of the platform; for macOS it is signed, which the kernel there insists on. */
export async function compileProgram(
  { target, runtime }: PlatformParts,
  { bundle }: BundledProgram,
  { compiler, directory }: Ingredients,
): Promise<Buffer> {
  // Bun adds the ending to what is for Windows when it is not there.
  const name = `${bundle.replace(/\.mjs$/, "")}-${targetName(target)}.${target.os === "windows" ? "exe" : "bin"}`;
  const file = join(directory, name);
  await compiler.compile(join(directory, bundle), file, { target: target.bunTarget, program: runtime });
  const made = await readFile(file);
  if (target.os !== "darwin") return made;
  const signed = signAdHoc(made, "imagesync");
  const faults = signatureFaults(signed);
  if (faults.length > 0) throw new Error(`The signature of ${target.arch} for macOS is wrong: ${faults.join(", ")}`);
  return signed;
}
