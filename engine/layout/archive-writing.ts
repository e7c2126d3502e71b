import { randomUUID } from "node:crypto";
import { lstat, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { ImagesyncError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { blobsOf, maxManifestBytes, parseManifest } from "../oci/manifest.ts";
import { isManifestType } from "../oci/media-types.ts";
import type { ArchiveStorage } from "./archive.ts";
import { DirectoryStorage } from "./directory.ts";
import { fileErrorCode, fileFault, layoutFault } from "./fault.ts";
import { IndexDocument } from "./index-document.ts";
import { type HeldLock, lockFile } from "./lock-file.ts";
import { markerBytes } from "./marker.ts";
import { lockName, writeNewFile } from "./new-file.ts";
import type { OpenBlob, Storage, StorageOptions } from "./storage.ts";
import { type NewTarFile, tarFile } from "./tar-file.ts";

/** Changes of one archive's index in memory, one after the other. */
const changing = new KeyedLock();

/**
 * An archive that is being written. What is new is kept in a directory beside it, `FILE.partial`, until {@link commit}
 * makes a new archive of the old one and of that, and puts it in the place of the old one. What stops it before leaves
 * the old archive as it is; the blobs that are in the directory need not be brought again then.
 */
export class ArchiveWriting implements Storage {
  readonly path: string;
  readonly #base: ArchiveStorage;
  readonly #staging: DirectoryStorage;
  readonly #lock: HeldLock;
  readonly #before: IndexDocument | undefined;
  #index: IndexDocument;
  #written = false;

  private constructor(base: ArchiveStorage, staging: DirectoryStorage, lock: HeldLock, before?: IndexDocument) {
    this.path = base.path;
    this.#base = base;
    this.#staging = staging;
    this.#lock = lock;
    this.#before = before;
    this.#index = before ?? IndexDocument.empty();
  }

  /**
   * Opens an archive for writing, whether it exists or not.
   * @throws `conflict` when another process writes it, and what it is when it is no OCI archive.
   */
  static async begin(base: ArchiveStorage): Promise<ArchiveWriting> {
    const directory = `${base.path}.partial`;
    // Before anything is made beside it.
    await base.readIndex();
    try {
      await mkdir(dirname(directory), { recursive: true });
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if (!(await lstat(directory)).isDirectory()) {
        throw layoutFault("manifest-invalid", "use", directory, "it is a symbolic link", "Remove it");
      }
      const lock = await lockFile(join(directory, `${lockName}-archive`), { waitMs: 0 });
      if (lock === undefined) {
        const hint = `Wait for it; if none is running, remove ${directory}`;
        throw layoutFault("conflict", "write", base.path, "another process writes the archive", hint);
      }
      try {
        // Once more, as it is now that nobody else can replace it.
        return new ArchiveWriting(base, new DirectoryStorage(directory), lock, await base.readIndex());
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      throw fileFault(error, "write the archive", base.path);
    }
  }

  readIndex(): Promise<IndexDocument | undefined> {
    return Promise.resolve(this.#before === undefined && !this.#written ? undefined : this.#index);
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return (await this.#staging.blobSize(digest)) ?? (await this.#base.blobSize(digest));
  }

  async openBlob(digest: Digest, options: StorageOptions = {}): Promise<OpenBlob | undefined> {
    return (await this.#staging.openBlob(digest, options)) ?? (await this.#base.openBlob(digest));
  }

  async writeBlob(
    digest: Digest,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: StorageOptions = {},
  ): Promise<void> {
    await this.#staging.writeBlob(digest, content, options);
    this.#written = true;
  }

  async changeIndex(change: (index: IndexDocument) => IndexDocument): Promise<void> {
    await changing.exclusive(this.path, () => {
      const after = change(this.#index);
      if (after !== this.#index) this.#written = true;
      this.#index = after;
      return Promise.resolve();
    });
  }

  /** Puts the new archive in the place of the old one, if anything is new. */
  async commit(options: StorageOptions = {}): Promise<void> {
    if (!this.#written || this.#isNone()) return;
    try {
      const files = await this.#files(options);
      const check = async (): Promise<void> => {
        if ((await this.#lock.isHeld()) && (await this.#base.readIndex()) === this.#before) return;
        throw layoutFault(
          "conflict",
          "write",
          this.path,
          "somebody else has written the archive meanwhile",
          "Try again",
        );
      };
      await writeNewFile(this.#staging.path, this.path, tarFile(files), {
        check,
        mode: await modeOf(this.path),
        signal: options.signal,
      });
    } catch (error) {
      throw fileFault(error, "write the archive", this.path);
    }
  }

  /** Whether there was no archive and nothing came to its end: a new one with nothing in it would look like success. */
  #isNone(): boolean {
    return this.#before === undefined && this.#index.entries.length === 0;
  }

  /** Ends the writing. What is new and was not committed is kept for the next time, or is removed. */
  async end(uncommitted: "keep" | "remove"): Promise<void> {
    if (uncommitted === "remove") {
      // In one step, so that who begins next makes a directory of his own.
      const away = `${this.#staging.path}.${randomUUID()}`;
      await rename(this.#staging.path, away);
      await rm(away, { recursive: true, force: true });
    }
    await this.#lock.release();
  }

  /** In an order that depends on the content alone: what says what it is first, then the blobs by their digests. */
  async #files(options: StorageOptions): Promise<NewTarFile[]> {
    const kept = new Set(await this.#base.blobs());
    // What a copy that failed has left in the directory is no part of the archive.
    for (const digest of await this.#reachable(options)) kept.add(digest);
    const blobs: NewTarFile[] = [];
    for (const digest of [...kept].sort()) {
      const size = await this.blobSize(digest);
      if (size === undefined) continue;
      blobs.push({
        name: `blobs/${digest.replace(":", "/")}`,
        size,
        open: async () => (await this.openBlob(digest, options))?.content ?? [],
      });
    }
    const index = this.#index.inOrderAfter(this.#before ?? IndexDocument.empty());
    return [inMemory("oci-layout", markerBytes), inMemory("index.json", index.toBytes()), ...blobs];
  }

  /** All that the index leads to; a manifest that is not here or cannot be read leads nowhere. */
  async #reachable(options: StorageOptions): Promise<ReadonlySet<Digest>> {
    const found = new Set<Digest>();
    const visited = new Set<Digest>();
    const left = this.#index.entries.map(({ descriptor }) => descriptor);
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      found.add(next.digest);
      const mayLead = isManifestType(next.mediaType) || /manifest|index/.test(next.mediaType);
      if (!mayLead || visited.has(next.digest)) continue;
      visited.add(next.digest);
      options.signal?.throwIfAborted();
      const blob = await this.openBlob(next.digest, options);
      if (blob === undefined) continue;
      if (blob.size > maxManifestBytes) {
        blob.content.destroy();
        continue;
      }
      try {
        const manifest = parseManifest(await buffer(blob.content), next.mediaType, next.digest);
        if (manifest.kind === "index") left.push(...manifest.manifests);
        else for (const { digest } of blobsOf(manifest)) found.add(digest);
      } catch (error) {
        if (!(error instanceof ImagesyncError)) throw error;
      }
    }
    return found;
  }
}

/** Who may read what is there may read what replaces it, and nobody else. */
async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function inMemory(name: string, bytes: Uint8Array): NewTarFile {
  return { name, size: bytes.byteLength, open: () => Promise.resolve([bytes]) };
}
