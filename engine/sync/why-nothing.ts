import { formatReference } from "../oci/reference.ts";
import type { Selection } from "../select/selection.ts";
import { isVersion, parseVersion } from "../select/version.ts";
import type { Rule } from "./rule.ts";
import type { WantedTags } from "./wanted-tags.ts";

/**
 * Why a selection takes none of the tags, for people: mostly a pattern or a mode was meant otherwise. Undefined where it
 * takes some, and for the mode `higher` where the destination has versions: mostly it has the highest already.
 */
export function whyNothing(
  { source }: Pick<Rule, "source">,
  { mode }: Selection,
  { tags, sourceTags, existing = [], ignored }: WantedTags,
): string | undefined {
  if (tags.length > 0) return undefined;
  if (mode === "higher" && existing.some((tag) => isVersion(parseVersion(tag)))) return undefined;
  const from = formatReference(source);
  const [example] = ignored;
  if (example === undefined) return `${from} has no tags, so none is selected`;
  const none =
    sourceTags.length === 1 ? `The only tag of ${from} is not` : `None of the ${sourceTags.length} tags of ${from} is`;
  return `${none} selected (${example.tag}: ${example.why})`;
}
