import type { Digest } from "../oci/digest.ts";

/** What was left where it is, and for whom. */
export interface Kept {
  readonly digest: Digest;
  /** Who needs it, for people: `tag 1.27`, `keep_digests`. */
  readonly by: string;
}

/** What could not be done, or was not even tried. */
export interface Skipped {
  /** A tag, a digest, or `collection` for all of it. */
  readonly what: string;
  readonly why: string;
}

/** What a collection deleted and what it left alone. With `dryRun`, what it would have deleted. */
export interface CollectionReport {
  /** Tags that only held content for this tool: earlier digests of a tag, and what crashes have left. */
  readonly tags: readonly string[];
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** Of the deleted manifests and blobs together; the registry's own collector frees them on its disk. */
  readonly bytes: number;
  readonly kept: readonly Kept[];
  readonly skipped: readonly Skipped[];
  /** How many of these this registry deletes for nobody: they are left to its own collector, which is no failure. */
  readonly unsupported: { readonly manifests: number; readonly blobs: number };
}

/** What a removal did: a collection, and its tag. */
export interface RemovalReport extends CollectionReport {
  /** The tag is gone, by this removal or before; false when it was kept, `kept` says why. */
  readonly untagged: boolean;
  /** The tag was not there before; what it had held is collected all the same. */
  readonly absent: boolean;
}
