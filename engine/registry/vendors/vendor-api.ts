import type { ImagesyncError } from "../../errors.ts";
import type { Digest } from "../../oci/digest.ts";

/**
 * What became of a tag: `absent` says that it is not on the digest (any more), and `unavailable` that this API cannot be
 * asked, because there is no login for it or it is not there; then nothing was changed.
 */
export type TagDeletion = "deleted" | "absent" | "unavailable";

export interface TagDeletionOptions {
  /** What the tag holds: registries that compare for themselves delete it only then. */
  readonly digest: Digest;
  readonly signal?: AbortSignal | undefined;
}

export interface ManifestDeletionOptions {
  /** The one tag that may be on the manifest and goes with it; with any other tag on it nothing is deleted. */
  readonly onlyTag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a manifest was deleted, in the statuses of the distribution protocol. */
export interface ManifestDeletion {
  readonly status: number;
  /** What stood in the way when it was not deleted. */
  readonly error?: ImagesyncError | undefined;
}

/** What became of a repository: `absent` and `unavailable` as of a tag, `others` when it is not ours alone. */
export type RepositoryDeletion = TagDeletion | "others";

/** What became of the wish for a repository; `unavailable` says that nothing was changed, because nothing could be. */
export type RepositoryCreation = "created" | "present" | "unavailable";

/** What a vendor's own API can do for one repository, where the distribution protocol does not suffice. */
export interface VendorApi {
  /**
   * Removes one tag and nothing else.
   * @throws `unauthorized`, `denied` with the permission that is missing; `immutable`, `unavailable` and what the
   * network can raise: then it is open whether the tag is gone.
   */
  readonly deleteTag?: (tag: string, options: TagDeletionOptions) => Promise<TagDeletion>;
  /**
   * Deletes a manifest at a registry that has no `DELETE` for it. Undefined where this API cannot be asked.
   * @throws as `deleteTag`
   */
  readonly deleteManifest?: (digest: Digest, options: ManifestDeletionOptions) => Promise<ManifestDeletion | undefined>;
  /**
   * Fails where a tag cannot be taken away by moving it to a manifest that is deleted then.
   * @throws `unsupported`, and as `deleteTag`
   */
  readonly checkStandIn?: (tag: string, options: { readonly signal?: AbortSignal | undefined }) => Promise<void>;
  /**
   * Deletes the whole repository if there is nothing in it but these manifests, and no tag but `onlyTag`: the way to
   * remove the last tag where that cannot be removed by itself. Settings that the repository has at its registry, such
   * as who may see it, go with it.
   * @returns `others`, nothing being changed then, when there is something else in it.
   * @throws as `deleteTag`
   */
  readonly deleteRepository?: (
    contents: ReadonlySet<Digest>,
    options: ManifestDeletionOptions,
  ) => Promise<RepositoryDeletion>;
  /**
   * Creates the repository where a push does not.
   * @throws `denied` with the permission that is missing, `quota`, `invalid-reference`, and what the network can raise.
   */
  readonly createRepository?: (options: { readonly signal?: AbortSignal | undefined }) => Promise<RepositoryCreation>;
}
