import type { CopyDecision } from "../copy/plan.ts";
import type { ErrorCode, Side } from "../errors.ts";
import type { EngineMark } from "../graph/claims.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";

/** Plain data: it can be printed, compared, stored as JSON and applied later or elsewhere. */
export interface Plan {
  readonly items: readonly PlanItem[];
  /** What could not be planned; the items are good all the same. @default none */
  readonly failures?: readonly PlanFailure[] | undefined;
  /** For people: what will not be as they may expect, such as signatures that do not apply to a platform subset. */
  readonly warnings?: readonly string[] | undefined;
  /**
   * When in the life of its engine the plan was begun, where it deletes anything: a tag that this engine puts or confirms
   * later is not deleted. @default nothing that the engine has ever put is, as with the mark of another engine
   */
  readonly mark?: EngineMark | undefined;
}

/** One image, or a whole repository, that could not be planned. */
export interface PlanFailure {
  readonly source: Reference;
  readonly destination: Reference;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly side?: Side | undefined;
}

export interface PlanItem {
  /** Pinned: the digest its tag had at plan. */
  readonly source: Reference;
  readonly destination: Reference;
  /** `delete`: the destination's tag goes; `conflict`: it holds something else and must not be replaced. */
  readonly action: CopyDecision["action"] | "delete" | "conflict";
  /** Why, for people. */
  readonly reason: string;
  /** Of a `conflict`: what to do about it. @default what helps where a tag is held by somebody else */
  readonly hint?: string | undefined;
  /**
   * What the destination will hold, where its tag is left alone what that has now; of a `delete` what goes, of a
   * `conflict` what is not put there.
   */
  readonly digest: Digest;
  /** What the destination's tag held at plan. */
  readonly currentDigest?: Digest | undefined;
  /** At most so many bytes will move. */
  readonly bytes: number;
  /**
   * At most so many manifests are read from the source: registries with a quota count each as a pull. Absent where none
   * is. Each image is charged with all of its own, also where several share one, which is read once, or where the plan
   * has read them already: an apply may happen later and elsewhere.
   */
  readonly pulls?: number | undefined;
  /**
   * The position in the plan of the item that must have succeeded before: what belongs to an image follows it. It is an
   * earlier position, and not that of a `delete`.
   */
  readonly follows?: number | undefined;
  /**
   * Of what belongs to an image that has several tags: further positions, before or behind, of items any of which will
   * do in place of `follows`. They are images and tags, which belong to nothing.
   */
  readonly orFollows?: readonly number[] | undefined;
  /** The manifest at the destination that this one belongs to: a signature, an SBOM, an attestation. */
  readonly subject?: Digest | undefined;
  /** Of a `delete`: what belongs to the image goes with it. @default false */
  readonly referrers?: boolean | undefined;
  /** Of what belongs to another image. */
  readonly artifactType?: string | undefined;
  /**
   * Write only while the destination's tag still holds `currentDigest` (absent: while there is no tag); a tag that was
   * moved meanwhile is kept, or the item fails as a `conflict`.
   */
  readonly guarded?: "keep" | "fail" | undefined;
  /** Look at every blob at the destination, also below manifests that are there already. */
  readonly thorough?: boolean | undefined;
  /** Whether a repository that is missing may be created. @default true */
  readonly createRepository?: boolean | undefined;
  /** The new index when only some platforms are copied: its exact text and media type. */
  readonly subset?: { readonly mediaType: string; readonly text: string } | undefined;
}

/** Whether an item takes a tag away. */
export function isDelete({ action }: PlanItem): boolean {
  return action === "delete";
}

export interface Ends {
  readonly source: Repository;
  readonly destination: Repository;
}
