import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { writeAtomically } from "./atomic-file.ts";
import { Ended } from "./ended.ts";
import { renderError } from "./error-report.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { UsageError } from "./usage-error.ts";

/** A file that a command writes beside its result. */
export interface SideFile {
  /** What messages call it: "the metrics". */
  readonly what: string;
  /** What names it. */
  readonly flag: string;
  /** Undefined when it is not wanted. */
  readonly file: string | undefined;
}

/**
 * Refuses files that cannot be written, as far as that can be known without writing, before anything is done.
 * @throws UsageError
 */
export async function checkWritable(...files: readonly SideFile[]): Promise<void> {
  for (const side of files) {
    if (side.file === undefined) continue;
    try {
      // The new file takes the place of the old one: what counts is the folder.
      await access(dirname(resolve(side.file)), constants.W_OK);
    } catch (error) {
      throw unwritable(side.file, side, error);
    }
    const found = await stat(side.file).catch(() => undefined);
    if (found?.isDirectory() === true) throw unwritable(side.file, side, "it is a folder");
    // A new file would take the place of a pipe or of /dev/null itself, for all who use it.
    if (found?.isFile() === false) throw unwritable(side.file, side, "it is no regular file");
  }
}

/** Writes the file so that nobody ever reads half of it. @throws UsageError when it cannot be made or written */
export async function writeSideFile(file: string, side: Omit<SideFile, "file">, text: () => string): Promise<void> {
  try {
    await writeAtomically(file, text());
  } catch (error) {
    throw unwritable(file, side, error);
  }
}

function unwritable(file: string, { what, flag }: Omit<SideFile, "file">, reason: unknown): UsageError {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new UsageError(
    `Cannot write ${what} to "${file}": ${why}`,
    `Give ${flag} a file in a directory that can be written`,
  );
}

/**
 * Does the writing that comes after all else: what was done stays done and is told, so a failure is told too, and is one
 * of the run, not of the command line. @returns whether it was written.
 */
export async function wrote(work: () => Promise<void>, tell: (text: string) => void): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    tell(renderError(error, {}).trimEnd());
    return false;
  }
}

/** The same where nothing else can have failed. @throws Ended */
export async function writeLast(work: () => Promise<void>, { stderr }: Pick<Invocation, "stderr">): Promise<void> {
  if (!(await wrote(work, (text) => stderr.write(`${text}\n`)))) throw new Ended(exitCodes.failed);
}
