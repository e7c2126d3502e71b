/**
 * Which tags of a repository are wanted. Tags that belong to another image (`sha256-….sig`, the fallback tag of
 * referrers) and our own tags of earlier images are never selected: they travel with, or stay beside, their images.
 */
export interface Selection {
  /**
   * These, by name and without listing the repository; one that is missing fails. Everything else narrows the list.
   * At least one, and none that belongs to another image.
   */
  readonly tags?: readonly string[] | undefined;
  /**
   * `highest`: the highest version; `higher`: the versions above the destination's highest; `semver`: every version;
   * `all`: every tag. @default "all"
   */
  readonly mode?: SelectionMode | undefined;
  /** Whether versions with a prerelease part count. Without effect for `all`. @default false */
  readonly allowPrerelease?: boolean | undefined;
  /** Only versions whose prerelease part is exactly this, such as `alpine`; "" for plain versions only. */
  readonly compatibility?: string | undefined;
  /** Only versions of this major number, from 0 to 1024. */
  readonly pinnedMajor?: number | undefined;
  /**
   * Only versions in this range, in npm's notation: `>=1.2 <3 || ~4.1`. Prereleases are in a range where they count at
   * all, by their order: `2.0.0-rc.1` is in `>=1.2`, not in `<2`. With `compatibility` its suffix is no prerelease but a
   * flavour, and only the numbers are compared: `1.2.3-alpine` is in `>=1.2.3`.
   */
  readonly range?: string | undefined;
  /** Globs (`*`, `**`, `?`, `{a,b}`): a tag must match one of these or of `includeRegex`. @default every tag */
  readonly include?: readonly string[] | undefined;
  /** Globs: a tag must match none. @default none */
  readonly exclude?: readonly string[] | undefined;
  /** Regular expressions in RE2's syntax, matched against the whole tag in linear time. */
  readonly includeRegex?: readonly string[] | undefined;
  readonly excludeRegex?: readonly string[] | undefined;
  /** Only the highest so many of what is left, at least 1; tags that are no versions are then left out. */
  readonly keepLatest?: number | undefined;
  /** What `higher` takes while the destination has no version yet. @default "none" */
  readonly higherOnEmpty?: "none" | "highest" | "all" | undefined;
}

export type SelectionMode = "highest" | "higher" | "semver" | "all";
