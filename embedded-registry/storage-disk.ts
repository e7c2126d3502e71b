import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { sweepUnusedContents } from "./storage-disk-sweep.ts";
import type { Shelf, Staging, Storage } from "./storage.ts";

/** Large reads and writes: a layer of gigabytes passes in thousands of steps, not in hundreds of thousands. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Keeps everything below one directory, which nothing else may change meanwhile; needs a case-sensitive file system.
 *
 * `blobs/<algorithm>/<hex>` holds bytes, `repositories/<name>/_<shelf>/<key>` one record each (a name component never
 * begins with an underscore, so records and nested repositories cannot meet), `staging/` what is not finished. Every
 * file appears by a rename, so a killed process leaves whole files only; nothing is flushed to the disk itself,
 * so a power failure may lose the last writes. Opening clears the staging of the last run, and the contents that no
 * repository names any longer.
 * @throws for a directory with something else in it, of which that would delete a part: an OCI layout has blobs too
 */
export async function diskStorage(directory: string): Promise<Storage> {
  await checkOwn(directory);
  const staging = join(directory, "staging");
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  await sweepUnusedContents(directory);

  const contentPath = (digest: string): string => join(directory, "blobs", ...digest.split(":"));
  const shelfPath = (repository: string, shelf: Shelf): string =>
    join(directory, "repositories", repository, `_${fileName(shelf)}`);

  async function place(temporary: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  }

  async function put(path: string, bytes: Buffer | string): Promise<void> {
    const temporary = join(staging, randomUUID());
    await writeFile(temporary, bytes);
    await place(temporary, path);
  }

  return {
    async stage() {
      const path = join(staging, randomUUID());
      await writeFile(path, "");
      return stageOnDisk(path, (digest) => place(path, contentPath(digest)));
    },
    keep: (digest, bytes) => put(contentPath(digest), bytes),
    size: (digest) => unlessMissing(stat(contentPath(digest)).then((status) => status.size)),
    open: (digest, range) => createReadStream(contentPath(digest), { ...range, highWaterMark: CHUNK_BYTES }),
    get: (repository, shelf, key) => unlessMissing(readFile(join(shelfPath(repository, shelf), fileName(key)), "utf8")),
    set: (repository, shelf, key, value) => put(join(shelfPath(repository, shelf), fileName(key)), value),
    async remove(repository, shelf, key) {
      const removal = rm(join(shelfPath(repository, shelf), fileName(key))).then(() => true);
      return (await unlessMissing(removal)) ?? false;
    },
    async keys(repository, shelf) {
      const names = await unlessMissing(readdir(shelfPath(repository, shelf)));
      return (names ?? []).map((name) => name.replace("=", ":"));
    },
    async knows(repository) {
      const names = await unlessMissing(readdir(join(directory, "repositories", repository)));
      return (names ?? []).some((name) => name.startsWith("_"));
    },
  };
}

const own: ReadonlySet<string> = new Set(["blobs", "repositories", "staging"]);

async function checkOwn(directory: string): Promise<void> {
  const names = (await unlessMissing(readdir(directory))) ?? [];
  // What file systems and desktops put anywhere does no harm.
  const foreign = names.find((name) => !own.has(name) && !name.startsWith(".") && name !== "lost+found");
  if (foreign === undefined) return;
  throw new Error(
    `${JSON.stringify(directory)} has ${JSON.stringify(foreign)}, which is not a registry's: it needs a directory of its own`,
  );
}

function stageOnDisk(path: string, place: (digest: string) => Promise<void>): Staging {
  return {
    append: (source) => pipeline(source, createWriteStream(path, { flags: "a", highWaterMark: CHUNK_BYTES })),
    open: (): Readable => createReadStream(path, { highWaterMark: CHUNK_BYTES }),
    keep: place,
    discard: () => rm(path, { force: true }),
  };
}

/** A digest without its colon, which Windows does not allow; neither tags nor digests contain an equals sign. */
function fileName(key: string): string {
  return key.replace(":", "=").replace("/", "_");
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
    throw error;
  }
}
