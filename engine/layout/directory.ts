import type { BigIntStats } from "node:fs";
import { lstat, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type Digest, digestAlgorithm, finishDigest, startDigest } from "../oci/digest.ts";
import { fileErrorCode, fileFault, layoutFault } from "./fault.ts";
import { IndexDocument, maxIndexBytes } from "./index-document.ts";
import { checkMarker, markerBytes, maxMarkerBytes } from "./marker.ts";
import { lockFile } from "./lock-file.ts";
import { isPassing, lockName, removeAbandoned, writeNewFile } from "./new-file.ts";
import { openRegular, readSmall } from "./regular-file.ts";
import type { OpenBlob, Storage, StorageOptions } from "./storage.ts";

/** A change of the index takes milliseconds; so long is waited for other processes that make some. */
const lockWaitMs = 30_000;

/** How often a change is begun anew after its lock was taken away. */
const maxAttempts = 3;

/** Changes of an index one after the other, also by several engines of this process. */
const changing = new KeyedLock();

/**
 * An image layout in a directory. Every file appears under its name when it is whole, blobs before what names them, so
 * whatever stops a process leaves a layout that is true. No path is made of anything but digests, and no link below the
 * directory is followed.
 */
export class DirectoryStorage implements Storage {
  readonly path: string;
  /** Directories below that are known to be no links. */
  readonly #checked = new Set<string>();
  #initialised = false;
  #index: { readonly version: string; readonly document: IndexDocument } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async readIndex(): Promise<IndexDocument | undefined> {
    return await this.#named("read the layout", async () => {
      if (!(await this.#isLayout())) return undefined;
      const file = join(this.path, "index.json");
      const found = await unlessMissing(lstat(file, { bigint: true }));
      // The name of the layout comes first: its index may not have been written yet.
      if (found === undefined) return IndexDocument.empty();
      const version = versionOf(found);
      if (this.#index?.version === version) return this.#index.document;
      const document = IndexDocument.parse(await readSmall(file, maxIndexBytes), file);
      this.#index = { version, document };
      return document;
    });
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return await this.#named("look for a blob in the layout", async () => {
      await this.#checkDirectories(digest);
      const path = this.#blobPath(digest);
      const found = await unlessMissing(lstat(path));
      if (found === undefined) return undefined;
      if (found.isFile()) return found.size;
      const why = found.isSymbolicLink() ? "it is a symbolic link" : "it is no file";
      throw layoutFault("manifest-invalid", "read", path, why, "Copy the layout with its links resolved: cp -rL");
    });
  }

  async openBlob(digest: Digest, { signal }: StorageOptions = {}): Promise<OpenBlob | undefined> {
    return await this.#named("read a blob of the layout", async () => {
      await this.#checkDirectories(digest);
      signal?.throwIfAborted();
      const handle = await unlessMissing(openRegular(this.#blobPath(digest)));
      if (handle === undefined) return undefined;
      const { size } = await handle.stat();
      return { size, content: handle.createReadStream({ highWaterMark: 256 * 1024 }) };
    });
  }

  async writeBlob(
    digest: Digest,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    { signal }: StorageOptions = {},
  ): Promise<void> {
    await this.#named("write a blob to the layout", async () => {
      await this.#initialise(signal);
      const directory = join(this.path, "blobs", digestAlgorithm(digest));
      await mkdir(directory, { recursive: true });
      await this.#checkDirectories(digest);
      const hash = startDigest(digest);
      const hashed = async function* (): AsyncGenerator<Uint8Array, void, void> {
        for await (const chunk of content) {
          hash.update(chunk);
          yield chunk;
        }
      };
      const check = (): void => {
        const found = finishDigest(hash, digestAlgorithm(digest));
        if (found === digest) return;
        throw layoutFault(
          "digest-mismatch",
          "write a blob to",
          this.path,
          `${digest} arrived as ${found}`,
          "Try again",
        );
      };
      // Beside the blobs and not among them, where other programs expect digests only.
      await writeNewFile(this.path, this.#blobPath(digest), hashed(), { check, signal });
    });
  }

  async changeIndex(change: (index: IndexDocument) => IndexDocument, { signal }: StorageOptions = {}): Promise<void> {
    await this.#named("change the index of the layout", async () => {
      await this.#initialise(signal);
      const work = async (): Promise<boolean> => await this.#changeLocked(change, signal);
      for (let attempt = 1; !(await changing.exclusive(this.path, work, signal)); attempt += 1) {
        if (attempt < maxAttempts) continue;
        throw this.#busy();
      }
    });
  }

  /** @returns false when the lock was lost before the change was written. */
  async #changeLocked(
    change: (index: IndexDocument) => IndexDocument,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const lock = await lockFile(join(this.path, lockName), { waitMs: lockWaitMs, signal });
    if (lock === undefined) throw this.#busy();
    try {
      // Files that change twice within the clock's tick and keep their size look the same: under the lock it is read.
      this.#index = undefined;
      const before = (await this.readIndex()) ?? IndexDocument.empty();
      const after = change(before);
      if (after === before) return true;
      let lost = false;
      const check = async (): Promise<void> => {
        lost = !(await lock.isHeld());
        if (lost) throw this.#busy();
      };
      try {
        await writeNewFile(this.path, join(this.path, "index.json"), [after.toBytes()], { check });
      } catch (error) {
        if (lost) return false;
        throw error;
      }
      return true;
    } finally {
      this.#index = undefined;
      await lock.release();
    }
  }

  /** Whether a layout is there: no, when there is nothing at all. @throws `config` when there is something else. */
  async #isLayout(): Promise<boolean> {
    const marker = await unlessMissing(readSmall(join(this.path, "oci-layout"), maxMarkerBytes));
    if (marker !== undefined) {
      checkMarker(marker, join(this.path, "oci-layout"));
      return true;
    }
    const names = (await unlessMissing(readdir(this.path))) ?? [];
    if (names.every(isPassing)) return false;
    // Somebody has made one between the two looks.
    if (names.includes("oci-layout")) return await this.#isLayout();
    throw layoutFault(
      "config",
      "use",
      this.path,
      "it is no OCI layout: there is no file oci-layout in it",
      "Name a layout, or a directory that is empty or does not exist yet",
    );
  }

  /** Makes an empty layout where there is none. Its marker is first: without it nobody would take it for one again. */
  async #initialise(signal: AbortSignal | undefined): Promise<void> {
    if (this.#initialised) return;
    await mkdir(this.path, { recursive: true });
    await removeAbandoned(this.path);
    if (!(await this.#isLayout())) await writeNewFile(this.path, join(this.path, "oci-layout"), [markerBytes]);
    const index = await unlessMissing(stat(join(this.path, "index.json")));
    if (index === undefined) await this.#makeIndex(signal);
    this.#initialised = true;
  }

  async #makeIndex(signal: AbortSignal | undefined): Promise<void> {
    const work = async (): Promise<void> => {
      const lock = await lockFile(join(this.path, lockName), { waitMs: lockWaitMs, signal });
      if (lock === undefined) throw this.#busy();
      try {
        const file = join(this.path, "index.json");
        if ((await unlessMissing(stat(file))) === undefined)
          await writeNewFile(this.path, file, [IndexDocument.empty().toBytes()]);
      } finally {
        await lock.release();
      }
    };
    await changing.exclusive(this.path, work, signal);
    await mkdir(join(this.path, "blobs"), { recursive: true });
  }

  async #checkDirectories(digest: Digest): Promise<void> {
    for (const directory of [join(this.path, "blobs"), join(this.path, "blobs", digestAlgorithm(digest))]) {
      if (this.#checked.has(directory)) continue;
      const found = await unlessMissing(lstat(directory));
      if (found === undefined) return;
      if (!found.isDirectory()) {
        const why = found.isSymbolicLink() ? "it is a symbolic link" : "it is no directory";
        throw layoutFault("manifest-invalid", "use", directory, why, "Copy the layout with its links resolved: cp -rL");
      }
      this.#checked.add(directory);
    }
  }

  #blobPath(digest: Digest): string {
    const algorithm = digestAlgorithm(digest);
    return join(this.path, "blobs", algorithm, digest.slice(algorithm.length + 1));
  }

  #busy(): Error {
    const hint = `Wait for it; if none is running, remove ${lockName} in the layout`;
    return layoutFault("conflict", "change", this.path, "another process has locked the layout", hint);
  }

  async #named<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fileFault(error, operation, this.path);
    }
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function versionOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
