import type { Reference } from "../../engine/index.ts";
import type { ImageEntry, RepositoryEntry } from "./document.ts";
import { quoted } from "./problem.ts";
import type { Reading } from "./reading.ts";

/**
 * Which entry writes what at the destinations: a tag that two entries write would change at every run, and deletions
 * of one entry would take away what another one has put there.
 */
export class Claims {
  readonly #reading: Reading;
  /** Canonical `registry/repository:tag` to the entry that writes it. */
  readonly #tags = new Map<string, object>();
  /** Canonical `registry/repository` to the entries that write into it. */
  readonly #repositories = new Map<string, object[]>();
  readonly #deleting: { readonly entry: RepositoryEntry; readonly key: string }[] = [];

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  image(entry: ImageEntry, destination: Reference): void {
    this.#write(entry, destination, [destination.tag ?? "latest"], "destination");
    this.#write(entry, destination, entry.additional_tags ?? [], "additional_tags");
  }

  /** Of tags that are selected from a list nothing is known before it is asked for. */
  repository(entry: RepositoryEntry, destination: Reference): void {
    this.#write(entry, destination, entry.tags ?? [], "tags");
    if (entry.deletions !== undefined) this.#deleting.push({ entry, key: keyOf(destination) });
  }

  /** Looks at what only all entries together tell. */
  check(): void {
    for (const { entry, key } of this.#deleting) {
      const other = this.#repositories.get(key)?.find((each) => each !== entry);
      if (other === undefined) continue;
      const { line } = this.#reading.where(other);
      const text = `these deletions would remove what line ${line} puts into ${quoted(key)}; give each its own repository`;
      this.#reading.problem(this.#reading.where(entry, "deletions"), text, "meaning");
    }
  }

  #write(entry: object, destination: Reference, tags: readonly string[], field: string): void {
    const key = keyOf(destination);
    const writers = this.#repositories.get(key) ?? [];
    if (!writers.includes(entry)) this.#repositories.set(key, [...writers, entry]);
    for (const tag of tags) {
      const name = `${key}:${tag}`;
      const other = this.#tags.get(name);
      if (other === undefined) {
        this.#tags.set(name, entry);
        continue;
      }
      const { line } = this.#reading.where(other);
      const who = other === entry ? "this entry twice" : `the entry of line ${line} too`;
      const place = this.#reading.where(entry, field);
      this.#reading.problem(place, `${quoted(name)} is written by ${who}; leave one of them out`, "meaning");
    }
  }
}

function keyOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}
