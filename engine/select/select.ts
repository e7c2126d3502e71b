import { isAttachmentTag, isRetentionTag } from "../oci/special-tag.ts";
import { type Criteria, compileCriteria } from "./criteria.ts";
import type { Selection } from "./selection.ts";
import { compareTags, compareVersions, isVersion, parseVersion, type Version } from "./version.ts";

export interface Selected {
  /** Lowest version first; for mode `all` in the order in which they were given. */
  readonly tags: readonly string[];
  /**
   * The highest version of `tags`. For mode `all` that is a prerelease only where prereleases are allowed or
   * `compatibility` asks for one. @default there is no version
   */
  readonly highest?: string;
  /** Tags that are not selected, in alphabetical order; the first {@link maxIgnored} of them. */
  readonly ignored: readonly IgnoredTag[];
  /** How many tags are not selected. */
  readonly ignoredCount: number;
}

export interface IgnoredTag {
  readonly tag: string;
  /** A clause for people, about "it": `it is a prerelease`. */
  readonly why: string;
}

/** Repositories with a hundred thousand tags exist; nobody reads so many reasons. */
const maxIgnored = 1000;

/**
 * Which of a repository's tags are wanted. With `selection.tags` those are looked at instead of `tags`. The order of
 * `tags` has no influence, except that mode `all` keeps it; of tags for the same version (`1`, `1.0`, `v1.0.0`) the one
 * that says most is the highest.
 * @param existing the tags of the destination, which only mode `higher` needs: what the selection would not take there
 *   does not count.
 * @throws `config` as {@link checkSelection} does.
 */
export function selectTags(tags: readonly string[], selection: Selection, existing: readonly string[] = []): Selected {
  const criteria = compileCriteria(selection);
  const reasons = new Map<string, string>();
  const candidates: Candidate[] = [];
  for (const tag of new Set(selection.tags ?? tags)) {
    const candidate = examine(tag, criteria);
    if ("why" in candidate) reasons.set(tag, candidate.why);
    else candidates.push(candidate);
  }
  const wanted =
    selection.mode === undefined || selection.mode === "all"
      ? candidates
      : ordered(candidates, reasons, selection, highestOf(existing, criteria));
  const kept = keepLatest(wanted, selection.keepLatest, reasons);
  return { ...result(kept, selection), ...bounded(reasons) };
}

/** Checks a selection without using it. @throws `config` that names the field. */
export function checkSelection(selection: Selection): void {
  compileCriteria(selection);
}

/** A tag that nothing speaks against; without a version where none is asked for. */
interface Candidate {
  readonly tag: string;
  readonly version: Version | undefined;
}

function examine(tag: string, criteria: Criteria): Candidate | IgnoredTag {
  if (isAttachmentTag(tag)) return { tag, why: "it belongs to another image" };
  if (isRetentionTag(tag)) return { tag, why: "it keeps an earlier image" };
  const against = criteria.againstName(tag);
  if (against !== undefined) return { tag, why: against };
  const parsed = parseVersion(tag);
  if (!isVersion(parsed)) {
    return criteria.onlyVersions ? { tag, why: parsed.why } : { tag, version: undefined };
  }
  const why = criteria.againstVersion(parsed);
  return why === undefined ? { tag, version: parsed } : { tag, why };
}

function highestOf(tags: readonly string[], criteria: Criteria): Version | undefined {
  let highest: Version | undefined;
  for (const tag of tags) {
    const candidate = examine(tag, criteria);
    if ("why" in candidate || candidate.version === undefined) continue;
    if (highest === undefined || compareTags(candidate.version, highest) > 0) highest = candidate.version;
  }
  return highest;
}

/** The modes that know versions: those that are wanted, lowest first. */
function ordered(
  candidates: readonly Candidate[],
  reasons: Map<string, string>,
  { mode, higherOnEmpty = "none" }: Selection,
  destination: Version | undefined,
): readonly Candidate[] {
  const sorted = sort(candidates);
  const drop = (rest: readonly Candidate[], why: string): void => {
    for (const { tag } of rest) reasons.set(tag, why);
  };
  const onlyHighest = (): readonly Candidate[] => {
    drop(sorted.slice(0, -1), "there is a higher version");
    return sorted.slice(-1);
  };
  if (mode === "highest") return onlyHighest();
  if (mode !== "higher") return sorted;
  if (destination !== undefined) {
    const isAbove = ({ version }: Candidate): boolean =>
      version !== undefined && compareVersions(version, destination) > 0;
    drop(
      sorted.filter((candidate) => !isAbove(candidate)),
      `it is not above ${destination.tag}, the highest at the destination`,
    );
    return sorted.filter(isAbove);
  }
  if (higherOnEmpty === "highest") return onlyHighest();
  if (higherOnEmpty === "all") return sorted;
  drop(sorted, "the destination has no version yet that it could be above");
  return [];
}

function sort(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates
    .flatMap(({ tag, version }) => (version === undefined ? [] : [{ tag, version }]))
    .toSorted((one, other) => compareTags(one.version, other.version));
}

/** The highest so many, in the order in which they were; what is no version has no place among them. */
function keepLatest(
  candidates: readonly Candidate[],
  count: number | undefined,
  reasons: Map<string, string>,
): readonly Candidate[] {
  if (count === undefined) return candidates;
  const kept = new Set(
    sort(candidates)
      .slice(-count)
      .map(({ tag }) => tag),
  );
  for (const { tag, version } of candidates) {
    if (kept.has(tag)) continue;
    reasons.set(
      tag,
      version === undefined ? "it is no version: only the highest are kept" : "there are enough higher versions",
    );
  }
  return candidates.filter(({ tag }) => kept.has(tag));
}

function result(kept: readonly Candidate[], selection: Selection): Pick<Selected, "tags" | "highest"> {
  const { allowPrerelease = false, compatibility = "" } = selection;
  const prereleases = allowPrerelease || compatibility !== "";
  const highest = sort(kept).findLast(({ version }) => prereleases || version?.prerelease === "");
  const tags = kept.map(({ tag }) => tag);
  return { tags, ...(highest === undefined ? {} : { highest: highest.tag }) };
}

function bounded(reasons: ReadonlyMap<string, string>): Pick<Selected, "ignored" | "ignoredCount"> {
  const ignored = [...reasons.keys()]
    .toSorted()
    .slice(0, maxIgnored)
    .map((tag) => ({ tag, why: reasons.get(tag) ?? "" }));
  return { ignored, ignoredCount: reasons.size };
}
