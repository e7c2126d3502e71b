import { type CopyDecision, planCopy } from "../copy/plan.ts";
import { type ErrorCode, ImagesyncError, type Side } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import { atDigest, formatReference, type Reference } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import type { Rule } from "./rule.ts";

/** Plain data: it can be printed, compared, stored as JSON and applied later or elsewhere. */
export interface Plan {
  readonly items: readonly PlanItem[];
  /** What could not be planned; the items are good all the same. @default none */
  readonly failures?: readonly PlanFailure[] | undefined;
  /** For people: what will not be as they may expect, such as signatures that do not apply to a platform subset. */
  readonly warnings?: readonly string[] | undefined;
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
  /** What the destination will hold; of a `delete` what goes, of a `conflict` what is not put there. */
  readonly digest: Digest;
  /** What the destination's tag held at plan. */
  readonly currentDigest?: Digest | undefined;
  /** At most so many bytes will move. */
  readonly bytes: number;
  /** At most so many manifests are read from the source: registries with a quota count each as a pull. */
  readonly pulls?: number | undefined;
  /** The position in the plan of the item that must have succeeded before: what belongs to an image follows it. */
  readonly follows?: number | undefined;
  /** The manifest at the destination that this one belongs to: a signature, an SBOM, an attestation. */
  readonly subject?: Digest | undefined;
  /** Of what belongs to another image. */
  readonly artifactType?: string | undefined;
  /** Write only while the destination's tag still holds `currentDigest` (absent: while there is no tag). */
  readonly guarded?: boolean | undefined;
  /** Look at every blob at the destination, also below manifests that are there already. */
  readonly thorough?: boolean | undefined;
  /** Whether a repository that is missing may be created. @default true */
  readonly createRepository?: boolean | undefined;
  /** The new index when only some platforms are copied: its exact text and media type. */
  readonly subset?: { readonly mediaType: string; readonly text: string } | undefined;
}

export interface Ends {
  readonly source: Repository;
  readonly destination: Repository;
}

/** Turns a rule into what is to be done. Reads only. @throws `conflict` when another digest is wanted than the source gives. */
export async function planRule(rule: Rule, ends: Ends, options: ReadOptions): Promise<Plan> {
  const { platforms = [], requiredPlatforms = [], integrity = "tag", createRepository } = rule.policy ?? {};
  const decision = await planCopy(
    {
      ...ends,
      sourceReference: rule.source,
      destinationReference: rule.destination,
      expectedDigest: rule.digest,
      platforms,
      requiredPlatforms,
      depth: integrity,
    },
    options,
  );
  checkDigest(rule, decision);
  const { sourceDigest, subset, ...rest } = decision;
  return {
    items: [
      {
        source: {
          ...atDigest(rule.source, sourceDigest),
          ...(rule.source.tag === undefined ? {} : { tag: rule.source.tag }),
        },
        destination: rule.destination,
        ...rest,
        ...(integrity === "blobs" ? { thorough: true } : {}),
        ...(createRepository === undefined ? {} : { createRepository }),
        ...(subset ? { subset: { mediaType: subset.mediaType, text: new TextDecoder().decode(subset.bytes) } } : {}),
      },
    ],
  };
}

function checkDigest({ source, destination, digest }: Rule, decision: CopyDecision): void {
  const named = [digest, destination.digest].find((one) => one !== undefined && one !== decision.digest);
  if (named === undefined) return;
  throw new ImagesyncError({
    code: "conflict",
    operation: "plan a copy",
    side: "destination",
    reference: formatReference(destination),
    message: `Cannot plan the copy: ${named} is wanted at the destination, but ${formatReference(source)} is ${decision.digest}`,
    hint: "Write the destination with a tag, or with the digest of the source",
  });
}
