import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import type { IndexDocument } from "./index-document.ts";

export interface StorageOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A blob that is open for reading: who gets the stream reads it to its end or destroys it. */
export interface OpenBlob {
  /** Bytes in the file, whatever a descriptor says. */
  readonly size: number;
  /** Not verified. */
  readonly content: Readable;
}

/** Where the files of one layout are: in a directory, in a tar file. */
export interface Storage {
  /** Absolute. */
  readonly path: string;
  /** What is in the layout; undefined when there is none yet. @throws what it is instead */
  readIndex(options?: StorageOptions): Promise<IndexDocument | undefined>;
  /** How many bytes the blob has here; undefined when it is not here. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** Undefined when it is not here. */
  openBlob(digest: Digest, options?: StorageOptions): Promise<OpenBlob | undefined>;
  /** Keeps a blob, whole or not at all, in the place of what may be there. @throws `digest-mismatch`, `quota`, `denied` */
  writeBlob(
    digest: Digest,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: StorageOptions,
  ): Promise<void>;
  /** Changes the index as it is then, one change at a time. A change that returns the same document writes nothing. */
  changeIndex(change: (index: IndexDocument) => IndexDocument, options?: StorageOptions): Promise<void>;
  /** Present where nothing can be changed: rejects as changing the index does. */
  checkChange?(): Promise<never>;
}
