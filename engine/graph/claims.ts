import type { RepositoryName } from "../oci/reference.ts";
import { repositoryKey } from "./known.ts";

/**
 * Which tags this process has put or found in place for somebody. A delete that was decided earlier leaves such a tag
 * alone: with create_before_destroy the new owner of a tag is created before the old one is destroyed, and when both
 * have the same digest nothing at the registry tells them apart.
 */
export class Claims {
  /** repository → tag → when */
  readonly #claimed = new Map<string, Map<string, number>>();

  /** Remembers that the tag was put or confirmed just now. */
  claim(name: RepositoryName, tag: string): void {
    const key = repositoryKey(name);
    const tags = this.#claimed.get(key) ?? new Map<string, number>();
    this.#claimed.set(key, tags.set(tag, Date.now()));
  }

  /** The tag is gone. */
  forget(name: RepositoryName, tag: string): void {
    this.#claimed.get(repositoryKey(name))?.delete(tag);
  }

  /** The tags of a repository that this process has put or confirmed. */
  tagsOf(name: RepositoryName): string[] {
    return [...(this.#claimed.get(repositoryKey(name))?.keys() ?? [])];
  }

  /** Whether the tag was put or confirmed at `since` (epoch milliseconds) or later. */
  claimedSince(name: RepositoryName, tag: string, since: number): boolean {
    const at = this.#claimed.get(repositoryKey(name))?.get(tag);
    return at !== undefined && at >= since;
  }
}
