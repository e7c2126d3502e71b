import type { Depth } from "../graph/completeness.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import type { DeletionGuard } from "../select/deletions.ts";
import type { Selection } from "../select/selection.ts";

/** What a user wants, in the words of the engine: every face translates into this. */
export interface Rule {
  /** A tag, resolved once at plan, or a digest; with `selection` a repository. */
  readonly source: Reference;
  /** Where it shall be; with a digest it must be the source's; with `selection` a repository. */
  readonly destination: Reference;
  /** The digest the destination shall have, where that was decided before: any other outcome is a `conflict`. */
  readonly digest?: Digest | undefined;
  /** Many tags of the repository, each under its own name. */
  readonly selection?: Selection | undefined;
  /** More tags for the same image at the destination. @default none */
  readonly additionalTags?: readonly string[] | undefined;
  readonly policy?: Policy | undefined;
}

export interface Policy {
  /** Copy only these platforms. @default the whole image as it is */
  readonly platforms?: readonly Platform[] | undefined;
  /** Refuse to write anything unless the source offers all of these. @default none */
  readonly requiredPlatforms?: readonly Platform[] | undefined;
  /** How deep an image that is in place is examined for missing content. @default "tag" */
  readonly integrity?: Depth | undefined;
  /** Create the destination's repository where the registry does not do so at a push (Amazon ECR). @default true */
  readonly createRepository?: boolean | undefined;
  /**
   * What happens to a destination tag that holds something else, which we did not put there: it is overwritten, kept
   * (and nothing done), or the item fails as a `conflict`. @default "overwrite"
   */
  readonly onConflict?: "overwrite" | "keep" | "fail" | undefined;
  /** Digests that we have put there: to move a tag on from one of these is no conflict. @default none */
  readonly ours?: readonly Digest[] | undefined;
  /** With false a tag that is there stays what it is, whoever put it: only missing ones are copied. @default true */
  readonly replaceTags?: boolean | undefined;
  /**
   * When two images are the same: by their digests, or also by the digest of the configuration ("image ID", of
   * linux/amd64 in an index), as docker compares. @default "digest"
   */
  readonly sameImage?: "digest" | "image-id" | undefined;
  /** Signatures, SBOMs, attestations and whatever else refers to the image. @default none */
  readonly referrers?: ReferrerPolicy | undefined;
  /** Tags of the destination that the selection no longer has. @default they stay */
  readonly deletions?: DeletionGuard | undefined;
}

/** Which referrers travel with their image. */
export interface ReferrerPolicy {
  /** Only these types of artifacts, such as `application/vnd.dev.sigstore.bundle.v0.3+json`. @default every one */
  readonly artifactTypes?: readonly string[] | undefined;
}
