import { Token } from "cdktf";
import { parseReference, parseRepository, type Reference, tagOrLatest } from "../engine/oci/reference.ts";

/** What a mirror's place was made of: exactly one of the two is written. */
export interface PlaceOptions {
  readonly destination?: string | undefined;
  readonly prefix?: string | undefined;
}

/**
 * The repository below a prefix: its registry is replaced, its whole path is kept, as the provider's function `rewrite`
 * does. @throws when the prefix is not the start of a reference
 */
export function repositoryBelow(prefix: string, { repository }: Reference): string {
  const start = checkedPrefix(prefix);
  const below = `${start}/${repository}`;
  parseRepository(below);
  return below;
}

/** {@link repositoryBelow} with the tag of {@link tagFor}. */
export function destinationBelow(prefix: string, source: Reference): string {
  return `${repositoryBelow(prefix, source)}:${tagFor(source)}`;
}

/** The tag of an image at its mirror: its own, or one named after the digest where it has only that. */
export function tagFor(source: Reference): string {
  const hexadecimal = source.digest?.replace(/^sha\d+:/, "").slice(0, 12);
  return tagOrLatest(source) ?? `digest-${hexadecimal}`;
}

/** The prefix without a slash at its end. @throws when it is not the start of a reference */
export function checkedPrefix(prefix: string): string {
  if (Token.isUnresolved(prefix)) throw new Error("The prefix must be known now: it cannot be a token");
  const start = prefix.replace(/\/$/, "");
  try {
    parseReference(`${start}/x`);
  } catch (error) {
    throw new Error(
      `The prefix "${prefix}" is not the start of an image reference. Write host, host:port or host/path`,
      {
        cause: error,
      },
    );
  }
  return start;
}

/**
 * The destination that was written, or what `below` makes of the prefix.
 * @throws when not exactly one of them is written, or the source is not known yet
 */
export function placeOf(
  what: string,
  source: string,
  { destination, prefix }: PlaceOptions,
  below: (prefix: string) => string,
): string {
  if (destination !== undefined && prefix === undefined) return destination;
  if (destination !== undefined || prefix === undefined)
    throw new Error(`${what}: write either "destination" or "prefix"`);
  if (Token.isUnresolved(source))
    throw new Error(`${what}: "prefix" needs a source that is known now. Write "destination" instead`);
  return below(prefix);
}
