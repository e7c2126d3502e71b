import { ImagesyncError } from "../errors.ts";
import { isAttachmentTag, isRetentionTag } from "../oci/special-tag.ts";
import { compileGlob } from "./glob.ts";
import type { Selection } from "./selection.ts";

/** What keeps deletions that follow a source from emptying the destination. */
export interface DeletionGuard {
  /** Refuse to delete when more than this share of the destination's tags would go, from 0 to 1. @default 0.5 */
  readonly maxShare?: number | undefined;
  /** Tags that stay, as globs. @default none */
  readonly protect?: readonly string[] | undefined;
  /** Delete also when the selection finds nothing at all at the source. @default false */
  readonly allowEmptySource?: boolean | undefined;
}

export interface DeletionCandidates {
  /** Every tag of the destination. */
  readonly existing: readonly string[];
  /** Every tag that is selected at the source. */
  readonly wanted: readonly string[];
  /** Tags that are put beside these: they stay, but say nothing of what the source has. @default none */
  readonly beside?: readonly string[] | undefined;
  /** Every tag of the source, for the message when nothing is wanted. */
  readonly sourceTags: readonly string[];
  readonly guard: DeletionGuard;
}

const defaultMaxShare = 0.5;
/** A share such as 0.1 is not exactly a tenth in binary: a hundredth of a tag more than allowed is none. */
const tolerance = 0.01;

/**
 * The tags of the destination that go because nobody wants them any more, in alphabetical order. Earlier images that
 * we keep, tags that belong to other images and protected ones stay, and are not counted among the destination's tags.
 * @throws `limit` with the numbers when so many would go that a mistake is likelier, `config` as {@link checkDeletions}.
 */
export function selectDeletions({ existing, wanted, beside = [], sourceTags, guard }: DeletionCandidates): string[] {
  const { maxShare = defaultMaxShare, allowEmptySource = false } = guard;
  const isProtected = compileGuard(guard);
  const eligible = [...new Set(existing)].filter(
    (tag) => !isAttachmentTag(tag) && !isRetentionTag(tag) && !isProtected(tag),
  );
  const stays = new Set([...wanted, ...beside]);
  const deletions = eligible.filter((tag) => !stays.has(tag)).toSorted();
  if (deletions.length === 0) return [];
  if (wanted.length === 0 && !allowEmptySource) throw emptySource(deletions.length, sourceTags.length);
  if (deletions.length > maxShare * eligible.length + tolerance) {
    throw tooMany(deletions.length, eligible.length, maxShare);
  }
  return deletions;
}

/**
 * Checks whether deletions can follow a selection.
 * @throws `config` for a share that is none, a pattern that is none, and for the mode `higher`: it selects what the
 *   destination does not have yet, so that all would go that it has.
 */
export function checkDeletions(guard: DeletionGuard, selection?: Selection): void {
  compileGuard(guard);
  if (selection?.mode !== "higher") return;
  throw invalid(
    'with the mode "higher" every tag would go that the destination has',
    "Choose another mode, or delete nothing",
  );
}

function compileGuard({ maxShare = defaultMaxShare, protect = [] }: DeletionGuard): (tag: string) => boolean {
  if (!(maxShare >= 0 && maxShare <= 1)) {
    throw invalid(
      `the largest share is ${maxShare}`,
      "Write a number from 0 (nothing may go) to 1 (everything may go)",
    );
  }
  const globs = protect.map((pattern) => compileGlob(pattern));
  return (tag) => globs.some((matches) => matches(tag));
}

function emptySource(count: number, sourceCount: number): ImagesyncError {
  const found =
    sourceCount === 0 ? "the source has no tags" : `none of the source's ${tagCount(sourceCount)} is selected`;
  return new ImagesyncError({
    code: "limit",
    operation: "plan deletions",
    side: "destination",
    message: `Refused to delete ${tagCount(count)} of the destination: ${found}`,
    hint: "If that is how it shall be, allow deletions for an empty source: allow_empty_source = true",
  });
}

function tooMany(count: number, all: number, maxShare: number): ImagesyncError {
  const allowed = Math.floor(maxShare * all + tolerance);
  return new ImagesyncError({
    code: "limit",
    operation: "plan deletions",
    side: "destination",
    message: `Refused to delete ${count} of the destination's ${tagCount(all)}: a share of ${maxShare} is ${allowed}`,
    hint: `If that is how it shall be, allow it: max_share = ${Math.ceil((count / all) * 100) / 100}; or protect what has to stay`,
  });
}

function tagCount(count: number): string {
  return count === 1 ? "1 tag" : `${count} tags`;
}

function invalid(why: string, hint: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "read a guard of deletions",
    message: `Cannot delete: ${why}`,
    hint,
  });
}
