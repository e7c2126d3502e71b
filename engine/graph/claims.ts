import { randomUUID } from "node:crypto";
import type { RepositoryName } from "../oci/reference.ts";
import { repositoryKey } from "./known.ts";

/**
 * A moment in the life of one engine, by what it had put until then: clocks can be set back. Plain data; it means
 * nothing to another engine.
 */
export interface EngineMark {
  readonly engine: string;
  readonly claims: number;
}

interface Claim {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The how-manieth claim of this engine it was. */
  readonly number: number;
}

/**
 * Which tags this process has put or found in place for somebody. A delete that was decided earlier leaves such a tag
 * alone: with create_before_destroy the new owner of a tag is created before the old one is destroyed, and when both
 * have the same digest nothing at the registry tells them apart.
 */
export class Claims {
  /** repository → tag → when */
  readonly #claimed = new Map<string, Map<string, Claim>>();
  readonly #engine = randomUUID();
  #count = 0;

  /** Remembers that the tag was put or confirmed just now. */
  claim(name: RepositoryName, tag: string): void {
    const key = repositoryKey(name);
    const tags = this.#claimed.get(key) ?? new Map<string, Claim>();
    this.#count += 1;
    this.#claimed.set(key, tags.set(tag, { at: Date.now(), number: this.#count }));
  }

  /** The tag is gone. */
  forget(name: RepositoryName, tag: string): void {
    this.#claimed.get(repositoryKey(name))?.delete(tag);
  }

  /** The tags of a repository that this process has put or confirmed. */
  tagsOf(name: RepositoryName): string[] {
    return [...(this.#claimed.get(repositoryKey(name))?.keys() ?? [])];
  }

  /** This moment, for {@link Claims.claimedSince}. */
  mark(): EngineMark {
    return { engine: this.#engine, claims: this.#count };
  }

  /**
   * Whether the tag was put or confirmed at `since` (epoch milliseconds) or later, or after a mark was made. Who has
   * the mark of another engine cannot have known of anything that was put here: all of it counts.
   */
  claimedSince(name: RepositoryName, tag: string, since: number | EngineMark): boolean {
    const claim = this.#claimed.get(repositoryKey(name))?.get(tag);
    if (claim === undefined) return false;
    if (typeof since === "number") return claim.at >= since;
    return since.engine !== this.#engine || claim.number > since.claims;
  }
}
