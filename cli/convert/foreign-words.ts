/**
 * An expression that is looked for anywhere in a tag, as one for the whole tag. Simple ones lose their anchors and
 * stay readable.
 */
export function wholeTag(expression: string): string {
  const [, inner] = /^\^([^|^$]*)\$$/.exec(expression) ?? [];
  return inner !== undefined && !inner.endsWith("\\") ? inner : `.*(?:${expression}).*`;
}

/** A range as Masterminds/semver writes it, in npm's notation; undefined where npm has no word for it. */
export function npmRange(constraint: string): string | undefined {
  if (constraint.includes("!=")) return undefined;
  return constraint
    .replace(/\s*,\s*/g, " ")
    .replace(/=>/g, ">=")
    .replace(/=</g, "<=")
    .trim();
}

/** The last component of a repository's name. */
export function baseName(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}

/** A tag for an image that only has a digest: what no tag names, a registry may collect. */
export function tagForDigest(digest: string): string {
  return `digest-${digest.replace(/^sha\d+:/, "").slice(0, 12)}`;
}
