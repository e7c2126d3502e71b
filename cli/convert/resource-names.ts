import type { ImageEntry, RepositoryEntry } from "../config/document.ts";
import { baseName } from "./foreign-words.ts";

/** Gives each entry a name that Terraform takes and no other one has. @see https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers */
export class ResourceNames {
  readonly #taken = new Set<string>();

  /** The name for an entry: its own, or what its destination is called. */
  of(entry: ImageEntry | RepositoryEntry): string {
    return this.unique(entry.name ?? baseName(entry.destination));
  }

  /** The text as a name, with a number behind it where that is taken. */
  unique(text: string): string {
    const cleaned = text
      .replace(/[^A-Za-z0-9_-]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(0, 80);
    const base = /^[A-Za-z_]/.test(cleaned) ? cleaned : `image_${cleaned}`.replace(/_$/, "");
    let name = base;
    for (let number = 2; this.#taken.has(name); number++) name = `${base}_${number}`;
    this.#taken.add(name);
    return name;
  }
}
