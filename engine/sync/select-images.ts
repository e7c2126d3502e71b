import { inLanes } from "../concurrency/lanes.ts";
import type { Digest } from "../oci/digest.ts";
import { atDigest, type Reference } from "../oci/reference.ts";
import type { Selection } from "../select/selection.ts";
import type { Ends, PlanFailure } from "./plan.ts";
import { planFailure } from "./plan-failure.ts";
import type { Rule } from "./rule.ts";
import { wantedTags } from "./wanted-tags.ts";

/** Which images a rule selects, without a word on what is at the destination. */
export interface SelectedImages {
  /** In the order of the selection. */
  readonly images: readonly SelectedImage[];
  /** The highest version among them, for the modes that know versions. */
  readonly highest?: string | undefined;
  /** Tags that could not be resolved. */
  readonly failures: readonly PlanFailure[];
}

export interface SelectedImage {
  readonly tag: string;
  /** With tag and digest. */
  readonly source: Reference;
  readonly destination: Reference;
  /** What the tag holds at the source. */
  readonly digest: Digest;
}

const parallelTags = 64;

/**
 * The tags of a selection with their digests: a list, unless all tags are named, and one HEAD a tag.
 * @throws as the planning of a set.
 */
export async function selectImages(
  rule: Rule,
  selection: Selection,
  ends: Ends,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<SelectedImages> {
  const { tags, highest } = await wantedTags(rule, selection, ends, { signal });
  const found = await inLanes(tags, parallelTags, async (tag): Promise<SelectedImage | PlanFailure> => {
    const source = { ...rule.source, tag };
    const destination = { ...rule.destination, tag };
    try {
      const { digest } = await ends.source.manifests.head(tag, { signal });
      return { tag, source: { ...atDigest(source, digest), tag }, destination, digest };
    } catch (error) {
      signal?.throwIfAborted();
      return planFailure({ source, destination }, error);
    }
  });
  return {
    images: found.filter((one) => "digest" in one),
    ...(highest === undefined ? {} : { highest }),
    failures: found.filter((one) => "code" in one),
  };
}
