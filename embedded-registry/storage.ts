import type { Readable } from "node:stream";

/**
 * Where a repository keeps one kind of record. The records of each shelf, as key → value:
 * `layers`: digest of a blob → empty; `manifests`: digest → media type; `tags`: tag → digest;
 * `referrers/<digest of the subject>`: digest of the referrer → its descriptor as JSON.
 */
export type Shelf = "layers" | "manifests" | "tags" | `referrers/${string}`;

/**
 * What a registry remembers: bytes by digest, shared by all repositories, and small records that say which
 * repository has what. Names, tags and digests have passed the grammar before they come here, and bytes have been
 * verified before they are kept.
 */
export interface Storage {
  /** A place for the bytes of an upload. */
  stage(): Promise<Staging>;
  /** Keeps a small content that is at hand as a whole. */
  keep(digest: string, bytes: Buffer): Promise<void>;
  /** Bytes held under the digest; undefined when there are none. */
  size(digest: string): Promise<number | undefined>;
  /** Streams the bytes from `start` to `end`, both inclusive. An empty content is never opened with a range. */
  open(digest: string, range?: { start: number; end: number }): Readable;
  get(repository: string, shelf: Shelf, key: string): Promise<string | undefined>;
  set(repository: string, shelf: Shelf, key: string, value: string): Promise<void>;
  /** False when there was no such record. */
  remove(repository: string, shelf: Shelf, key: string): Promise<boolean>;
  keys(repository: string, shelf: Shelf): Promise<string[]>;
  /** Whether anything was ever put into the repository. */
  knows(repository: string): Promise<boolean>;
}

/** The bytes of one upload before their digest is known to be right. */
export interface Staging {
  /** Adds all bytes of the stream; must start to read before it returns, so that a listener misses nothing. */
  append(source: Readable): Promise<void>;
  /** Streams what was staged so far. */
  open(): Readable;
  /** Moves the bytes to their digest. The staging must not be used afterwards. */
  keep(digest: string): Promise<void>;
  discard(): Promise<void>;
}
