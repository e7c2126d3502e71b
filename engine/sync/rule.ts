import type { Depth } from "../graph/completeness.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";

/** What a user wants, in the words of the engine: every face translates into this. */
export interface Rule {
  /** A tag, resolved once at plan, or a digest. */
  readonly source: Reference;
  /** Where it shall be; with a digest it must be the source's. */
  readonly destination: Reference;
  /** The digest the destination shall have, where that was decided before: any other outcome is a `conflict`. */
  readonly digest?: Digest | undefined;
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
}
