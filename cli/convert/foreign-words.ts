/**
 * An expression that is looked for anywhere in a tag, as one for the whole tag. Simple ones lose their anchors and
 * stay readable.
 */
export function wholeTag(expression: string): string {
  const [, inner] = /^\^([^|^$]*)\$$/.exec(expression) ?? [];
  return inner !== undefined && !inner.endsWith("\\") ? inner : `.*(?:${expression}).*`;
}

/** Ranges of Masterminds/semver in our words. */
export interface ForeignRange {
  readonly mode: "semver";
  readonly range?: string;
  /**
   * Globs of tags, for what npm's notation has no word for: versions that are not wanted (`!=`), also where another
   * constraint would take them.
   */
  readonly exclude?: readonly string[];
}

/** Reads constraints any of which a version has to meet. */
export function rangeOf(constraints: readonly string[]): ForeignRange {
  const unequal: string[] = [];
  const alternatives = constraints
    .flatMap((constraint) => constraint.split("||"))
    .map((alternative) =>
      alternative
        .replaceAll(/!=\s*v?([^\s,|]+)/g, (_, version: string) => {
          unequal.push(...tagsOf(version));
          return "";
        })
        .split(",")
        .map((part) => part.trim().replaceAll("=>", ">=").replaceAll("=<", "<="))
        .filter((part) => part !== "")
        .join(" "),
    );
  // One that is empty takes every version.
  const range = alternatives.includes("") ? "" : alternatives.join(" || ");
  return {
    mode: "semver",
    ...(range === "" ? {} : { range }),
    ...(unequal.length === 0 ? {} : { exclude: unequal }),
  };
}

/** Globs for the tags of a version; one with fewer than three parts, or with `x`, stands for all below it. */
function tagsOf(version: string): string[] {
  const [known = version] = /^[^-+]*?(?=\.[xX*])/.exec(version) ?? [];
  const whole = known === version && /^\d+\.\d+\.\d+|[-+]/.test(version);
  const globs = whole ? [version] : [known, `${known}.*`];
  return globs.flatMap((glob) => [glob, `v${glob}`]);
}

/** The last component of a repository's name. */
export function baseName(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}

/** A tag for an image that only has a digest: what no tag names, a registry may collect. */
export function tagForDigest(digest: string): string {
  return `digest-${digest.replace(/^sha\d+:/, "").slice(0, 12)}`;
}
