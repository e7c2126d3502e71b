import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileErrorCode } from "./fault.ts";

/** What files of ours are called as long as they are not finished. */
const unfinished = /^\.imagesync-[0-9a-f-]{36}$/;

/** The name of a lock, and what a lock that is taken away is called. */
export const lockName = ".imagesync-lock";

/** Whether a file of this name is no part of a layout, but one of ours that comes and goes. */
export function isPassing(name: string): boolean {
  return unfinished.test(name) || name.startsWith(lockName);
}

/**
 * Writes a file whole or not at all: under another name in `directory`, on the disk before it gets its own.
 * @param mode who may read and write it, less what the process never allows; by default everybody may read it.
 * @param check asked when everything is written and right before the file gets its name; what it throws keeps it away.
 */
export async function writeNewFile(
  directory: string,
  path: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: {
    readonly check?: () => Promise<void> | void;
    readonly mode?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<void> {
  const temporary = join(directory, `.imagesync-${randomUUID()}`);
  const handle = await open(temporary, "wx", options.mode ?? 0o644);
  try {
    try {
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        await handle.writeFile(chunk);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await options.check?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What is not finished after a day has no one who finishes it. */
const abandonedAfterMs = 24 * 3_600_000;

/** Removes what killed processes have left unfinished in a directory. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!unfinished.test(name)) continue;
    const path = join(directory, name);
    try {
      if (Date.now() - (await stat(path)).mtimeMs > abandonedAfterMs) await rm(path, { force: true });
    } catch (error) {
      // Somebody else was faster, or it is not ours to remove: it is in nobody's way.
      if (fileErrorCode(error) === undefined) throw error;
    }
  }
}
