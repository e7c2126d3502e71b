import { type DeletionGuard, ImagesyncError, selectDeletions } from "../../../engine/index.ts";
import { describeError } from "../../describe-error.ts";
import type { Context } from "../../protocol/context.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { NestedBlock } from "../../protocol/schema.ts";
import { isUnknown, type ObjectValue, type Value } from "../../protocol/value.ts";
import { numberOf } from "../../registry-block.ts";
import { texts } from "../imagesync/state.ts";

/** Its presence asks for the removal of what leaves the selection. */
export const deletionsBlock: NestedBlock = {
  nesting: "single",
  block: {
    description:
      "With this block, tags of `images` that are not selected any more, for instance because the source has removed them, are removed at the destination, as `deletion_policy` says. Without it they stay there and are let go: no later destroy removes them.",
    attributes: {
      max_share: {
        type: "number",
        optional: true,
        description:
          "Refuse when more than this share of the tags would go, from 0 to 1; those that come in the same apply count among them. Defaults to `0.5`.",
      },
      protect: {
        type: ["set", "string"],
        optional: true,
        description: "Globs: tags that match stay at the destination and are let go. Defaults to none.",
      },
      allow_empty_source: {
        type: "bool",
        optional: true,
        description:
          "Remove also when the selection finds nothing at all at the source. With `false` that counts as a source that is not available. Defaults to `false`.",
      },
    },
  },
};

/** The guard of a resource; undefined without the block: then nothing that leaves the selection is removed. */
export function guardOf(value: ObjectValue): DeletionGuard | undefined {
  const block = blockOf(value);
  if (block === undefined) return undefined;
  return {
    maxShare: numberOf(block["max_share"]),
    protect: texts(block, "protect"),
    allowEmptySource: block["allow_empty_source"] === true,
  };
}

/** Whether part of the block is not known yet. */
export function isGuardUnknown(value: ObjectValue): boolean {
  const isPartUnknown = (found: Value): boolean =>
    isUnknown(found) || (Array.isArray(found) && (found as readonly Value[]).some((item) => isUnknown(item)));
  return isUnknown(value["deletions"]) || Object.values(blockOf(value) ?? {}).some(isPartUnknown);
}

/**
 * The tags of ours that are to go because they are not wanted any more. Nobody else's tag is among them.
 * @throws `limit` when that is more than the guard allows.
 */
export function dropped(value: ObjectValue, ours: readonly string[], wanted: readonly string[]): readonly string[] {
  const guard = guardOf(value);
  if (guard === undefined) return [];
  // What comes counts too: a set of one tag that moves on to the next version is no emptied set.
  return selectDeletions({ existing: [...ours, ...wanted], wanted, sourceTags: wanted, guard });
}

/** Offline checks of the block. */
export function validateDeletions(config: ObjectValue, { diagnostics }: Context): void {
  const guard = guardOf(config);
  if (guard === undefined) return;
  const { maxShare, protect = [] } = guard;
  if (maxShare !== undefined && !(maxShare >= 0 && maxShare <= 1)) {
    const detail = "It is a share of the tags. Write a number from 0 to 1, such as 0.25.";
    diagnostics.error("Invalid max_share", detail, attributePath("deletions", "max_share"));
    return;
  }
  try {
    selectDeletions({ existing: [], wanted: [], sourceTags: [], guard: { protect } });
  } catch (error) {
    const described = error instanceof ImagesyncError && describeError(error, attributePath("deletions", "protect"));
    if (!described) throw error;
    diagnostics.add(described);
  }
}

function blockOf(value: ObjectValue): ObjectValue | undefined {
  const block = value["deletions"];
  if (typeof block !== "object" || block === null || Array.isArray(block) || block instanceof Map) return undefined;
  return block as ObjectValue;
}
