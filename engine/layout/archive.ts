import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import { fileErrorCode, fileFault, layoutFault } from "./fault.ts";
import { IndexDocument, maxIndexBytes } from "./index-document.ts";
import { checkMarker, maxMarkerBytes } from "./marker.ts";
import { openRegular, readFully, tooLarge } from "./regular-file.ts";
import type { OpenBlob, Storage } from "./storage.ts";
import { indexTar, type TarEntry, type TarIndex } from "./tar-index.ts";

/** What is known of one version of the file. */
interface Contents extends TarIndex {
  readonly document: IndexDocument;
}

/**
 * An image layout in a tar file, for reading: its headers are read once, and a blob from where it is. An archive that
 * was replaced meanwhile is read anew.
 */
export class ArchiveStorage implements Storage {
  readonly path: string;
  #known: { readonly version: string; readonly contents: Promise<Contents> } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async readIndex(): Promise<IndexDocument | undefined> {
    return await this.#open((_handle, { document }) => Promise.resolve(document));
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return await this.#open((_handle, { blobs }) => Promise.resolve(blobs.get(digest)?.size));
  }

  async openBlob(digest: Digest): Promise<OpenBlob | undefined> {
    return await this.#open((handle, { blobs }, keep) => {
      const entry = blobs.get(digest);
      if (entry === undefined) return Promise.resolve(undefined);
      const { offset, size } = entry;
      if (size === 0) return Promise.resolve({ size, content: Readable.from([]) });
      keep();
      // Closes the file at its end, and when it is destroyed.
      const content = handle.createReadStream({ start: offset, end: offset + size - 1, highWaterMark: 256 * 1024 });
      return Promise.resolve({ size, content });
    });
  }

  /** The digests of all blobs. */
  async blobs(): Promise<readonly Digest[]> {
    return (await this.#open((_handle, { blobs }) => Promise.resolve([...blobs.keys()]))) ?? [];
  }

  writeBlob(): Promise<void> {
    return Promise.reject(this.#readOnly());
  }

  changeIndex(): Promise<never> {
    return this.checkChange();
  }

  checkChange(): Promise<never> {
    return Promise.reject(this.#readOnly());
  }

  /** Runs what reads the file; undefined when there is none. Who wants to keep the file open says so. */
  async #open<T>(
    work: (handle: FileHandle, contents: Contents, keep: () => void) => Promise<T>,
  ): Promise<T | undefined> {
    let handle: FileHandle;
    try {
      handle = await openRegular(this.path, "follow");
    } catch (error) {
      if (fileErrorCode(error) === "ENOENT") return undefined;
      throw fileFault(error, "read the archive", this.path);
    }
    let kept = false;
    try {
      return await work(handle, await this.#contentsOf(handle), () => {
        kept = true;
      });
    } catch (error) {
      throw fileFault(error, "read the archive", this.path);
    } finally {
      if (!kept) await handle.close();
    }
  }

  async #contentsOf(handle: FileHandle): Promise<Contents> {
    const { ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    const version = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    if (this.#known?.version !== version) {
      const contents = this.#read(handle);
      const known = { version, contents };
      this.#known = known;
      contents.catch(() => {
        if (this.#known === known) this.#known = undefined;
      });
    }
    return await this.#known.contents;
  }

  async #read(handle: FileHandle): Promise<Contents> {
    const tar = await indexTar(handle, this.path);
    if (tar.marker === undefined || tar.index === undefined) throw this.#noLayout(tar);
    checkMarker(await this.#small(handle, tar.marker, maxMarkerBytes), `${this.path}/oci-layout`);
    const index = await this.#small(handle, tar.index, maxIndexBytes);
    return { ...tar, document: IndexDocument.parse(index, `${this.path}/index.json`) };
  }

  async #small(handle: FileHandle, { offset, size }: TarEntry, maxBytes: number): Promise<Uint8Array> {
    if (size > maxBytes) throw tooLarge(this.path, size, maxBytes);
    return await readFully(handle, offset, size);
  }

  #noLayout({ isDockerArchive, marker }: TarIndex): Error {
    const lacks = `there is no file ${marker === undefined ? "oci-layout" : "index.json"} in it`;
    return layoutFault(
      "config",
      "use",
      this.path,
      isDockerArchive ? `it is an archive of docker, and ${lacks}` : `it is no OCI archive: ${lacks}`,
      isDockerArchive ? "Write it with docker 25 or later, or with skopeo as oci-archive:" : "Name an OCI archive",
    );
  }

  #readOnly(): Error {
    return layoutFault(
      "unsupported",
      "change",
      this.path,
      "an archive is written as a whole, by a copy",
      "Copy what is to stay into a new archive, or unpack it and use the directory as oci:DIRECTORY",
    );
  }
}
