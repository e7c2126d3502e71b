import { ImagesyncError, isNotFound } from "../errors.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { checkDeletions } from "../select/deletions.ts";
import { checkSelection, type Selected, selectTags } from "../select/select.ts";
import type { Selection } from "../select/selection.ts";
import type { Ends } from "./plan.ts";
import type { Rule } from "./rule.ts";

export interface WantedTags extends Selected {
  /** Every tag of the source; those that were named where it was not listed. */
  readonly sourceTags: readonly string[];
  /** Every tag of the destination, where it was listed. */
  readonly existing: readonly string[] | undefined;
}

/**
 * Which tags a rule with a selection wants. The source is listed once, and not where its tags are all named; the
 * destination only where what it has decides.
 * @throws `config` for a rule that contradicts itself, and what keeps a registry from listing: without a list nothing is
 * known of any tag. A destination that does not exist has no tags.
 */
export async function wantedTags(
  rule: Rule,
  selection: Selection,
  ends: Ends,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<WantedTags> {
  checkSelection(selection);
  if (rule.policy?.deletions !== undefined) checkDeletions(rule.policy.deletions, selection);
  checkRule(rule, selection);
  const { mode, tags: named } = selection;
  const listsDestination = mode === "higher" || rule.policy?.deletions !== undefined;
  const [sourceTags, existing] = await Promise.all([
    named ?? ends.source.tags.list(options),
    listsDestination ? listIfThere(ends.destination, options) : undefined,
  ]);
  return { ...selectTags(sourceTags, selection, existing), sourceTags, existing };
}

async function listIfThere(
  repository: Repository,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string[]> {
  try {
    return await repository.tags.list(options);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

function checkRule({ source, destination, digest, additionalTags = [] }: Rule, { mode }: Selection): void {
  for (const reference of [source, destination]) {
    if (reference.tag !== undefined || reference.digest !== undefined) {
      throw contradiction(
        `a selection is of a repository, and ${formatReference(reference)} names one image`,
        "Write the repository alone, without tag and digest",
        reference,
      );
    }
  }
  if (digest !== undefined) {
    throw contradiction("a selection has no digest of its own", "Name the one tag that shall have it");
  }
  if (additionalTags.length > 0 && mode !== "highest") {
    throw contradiction(
      "additional tags are for one image, and the selection has many",
      'Select by the mode "highest", or write a rule for the one image',
    );
  }
}

function contradiction(why: string, hint: string, reference?: Reference): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "select tags",
    message: `Cannot select tags: ${why}`,
    hint,
    ...(reference === undefined ? {} : { reference: formatReference(reference) }),
  });
}
