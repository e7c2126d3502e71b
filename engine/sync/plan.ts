import { type CopyDecision, planCopy } from "../copy/plan.ts";
import { ImagesyncError } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import { atDigest, formatReference, type Reference } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import type { Rule } from "./rule.ts";

/** Plain data: it can be printed, compared, stored as JSON and applied later or elsewhere. */
export interface Plan {
  readonly items: readonly PlanItem[];
}

export interface PlanItem {
  /** Pinned: the digest its tag had at plan. */
  readonly source: Reference;
  readonly destination: Reference;
  readonly action: CopyDecision["action"];
  /** Why, for people. */
  readonly reason: string;
  /** What the destination will hold. */
  readonly digest: Digest;
  /** What the destination's tag held at plan. */
  readonly currentDigest?: Digest | undefined;
  /** At most so many bytes will move. */
  readonly bytes: number;
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
